import Tensors

/// The kinds of layer a model may hold, by class name.
public struct LayerRegistry: Sendable {
    private var types: [String: any Layer.Type] = [:]

    public init(_ types: [any Layer.Type]) {
        for type in types { register(type) }
    }

    /// Every layer of this package.
    public static let keras = LayerRegistry(knownLayers)

    public mutating func register(_ type: any Layer.Type) {
        for name in [type.className] + type.aliases { types[name] = type }
    }

    public subscript(className: String) -> (any Layer.Type)? { types[className] }
}
