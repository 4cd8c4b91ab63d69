import KerasModel
import Synchronization
import Tensors

/// A model that is a chain of layers.
///
///     let model = Sequential {
///         Conv2D(32, (3, 3), activation: .relu).inputShape(28, 28, 1)
///         MaxPooling2D((2, 2))
///         Flatten()
///         Dense(10, activation: .softmax)
///     }
///
/// Weights are made when they are first needed; the same `seed` gives the same ones. Source: `keras.Sequential`, `keras.utils.set_random_seed`.
public final class Sequential: Model, @unchecked Sendable {
    public init(name: String = "sequential", seed: UInt64 = 0, @LayerBuilder _ layers: () -> [any Layer] = { [] }) {
        super.init(root: ModelLayer(Architecture(sequential: name, layers: layers())), seed: seed)
    }

    /// The chain of `layers`.
    public convenience init(_ layers: [any Layer], name: String = "sequential", seed: UInt64 = 0) {
        self.init(name: name, seed: seed)
        for layer in layers { add(layer) }
    }

    /// Puts a layer at the end. The weights of the layers before it are kept.
    public func add(_ layer: any Layer) {
        state.withLock { state in
            let architecture = state.root.architecture
            let layers: [any Layer] = (architecture.sequentialInput.map { [$0] } ?? []) + architecture.layers + [layer]
            state.root.architecture = Architecture(sequential: architecture.name, layers: layers)
            state.built = nil
            state.predictor = nil
        }
    }

    /// Puts a model at the end; its weights are shared.
    public func add(_ model: Model) { add(model.state.withLock { $0.root }) }
}

/// Lists layers one under another.
@resultBuilder public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildExpression(_ model: Model) -> [any Layer] { [model.state.withLock { $0.root }] }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
