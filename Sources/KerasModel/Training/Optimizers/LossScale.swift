import JSON
import Tensors

/// The loss made larger before gradients are taken of it, so that they are not lost among the smallest numbers of float16; they are made smaller
/// again before weights move. Keras: `LossScaleOptimizer`, and `loss_scale_factor` of any optimizer.
public struct LossScale: Hashable, Sendable {
    /// Keras: `initial_scale`.
    public var initial: Double
    /// After so many steps on end the scale doubles; a step whose gradients are not all finite is skipped, and the scale halves. Nil: it stays as it
    /// is, and no step is skipped. Keras: `dynamic_growth_steps`.
    public var growthSteps: Int?
    /// True for tf.keras: steps that are skipped count as steps, and the scale stays finite and above 1.
    package var followsTFKeras = false

    public init(initial: Double = 32768, growthSteps: Int? = 2000) {
        (self.initial, self.growthSteps) = (initial, growthSteps)
    }

    /// True if Keras has an optimizer of its own round the other for it.
    package var isOptimizer: Bool { growthSteps != nil }
}

/// A scale as training has moved it.
package struct LossScaleState: Hashable, Sendable {
    /// Keras: `dynamic_scale`.
    package var scale: Float
    /// Since it moved. Keras: `step_counter`.
    package var steps: Int

    package init(scale: Float, steps: Int) { (self.scale, self.steps) = (scale, steps) }
}

extension LossScale {
    /// Keras 3's and tf.keras's, for its optimizers of before TensorFlow 2.11 and after; TensorFlow 2.4's for what came before it.
    private static let classNames: Set = ["LossScaleOptimizer", "LossScaleOptimizerV3", "LossScaleOptimizerV1"]
    /// Where the optimizer within stands, the second in TensorFlow before 2.4.
    private static let innerKeys = ["inner_optimizer", "optimizer"]

    /// True if a file's words are those of an optimizer that scales the loss for another.
    package static func isRound(_ optimizer: JSON) -> Bool { innerKey(optimizer) != nil }

    private static func innerKey(_ optimizer: JSON) -> String? {
        guard let name = optimizer["class_name"]?.string?.split(separator: ">").last, classNames.contains(String(name)) else { return nil }
        return innerKeys.first { optimizer["config"]?[$0] != nil }
    }

    /// The words of the optimizer that moves the weights.
    package static func inner(of optimizer: JSON) -> JSON {
        innerKey(optimizer).flatMap { optimizer["config"]?[$0] } ?? optimizer
    }

    /// The same words with others for the optimizer that moves the weights.
    package static func replacingInner(of optimizer: JSON, _ change: (JSON) throws -> JSON) rethrows -> JSON {
        guard let key = innerKey(optimizer), var object = optimizer.object, var config = object["config"]?.object, let inner = config[key]
        else { return try change(optimizer) }
        config[key] = try change(inner)
        object["config"] = .object(config)
        return .object(object)
    }

    /// What words that ``isRound(_:)`` say of the scale.
    package init(round optimizer: JSON, in context: DecodingContext) throws {
        self.init()
        followsTFKeras = context.dialect != .keras3
        let config = optimizer["config"]?.object ?? [:]
        // TensorFlow before 2.4 has an object in their place.
        let older = config["loss_scale"]?["config"]?.object
        let settings = older ?? config
        func value(_ names: String...) -> (String, JSON)? {
            names.lazy.compactMap { name in settings[name].flatMap { $0.isNull ? nil : (name, $0) } }.first
        }
        if let (key, scale) = value("initial_scale", "initial_loss_scale", "loss_scale_value") {
            initial = try KerasError.placing(Place(key: key)) { try Double(config: scale, in: context) }
        }
        let isFixed = config["dynamic"] == .bool(false) || config["loss_scale"]?["class_name"] == "FixedLossScale"
        if isFixed {
            growthSteps = nil
        } else if let (key, steps) = value("dynamic_growth_steps", "increment_period") {
            growthSteps = try KerasError.placing(Place(key: key)) { try Int(config: steps, in: context) }
        }
        if let multiplier = older?["multiplier"]?.number, multiplier != 2 {
            throw KerasError(
                .unsupported, "a loss's scale doubles and halves", at: Place(key: "multiplier"), found: "\(multiplier)", expected: "2")
        }
    }
}

extension TrainingConfiguration {
    /// The optimizer of its words, and the scale of the loss that Keras has put round it.
    ///
    /// - Throws: `unsupported` for optimizers and settings this version lacks.
    package func optimizer(for model: BuiltModel) throws -> Optimizer {
        let said = try Optimizer(config: optimizer, in: DecodingContext(dialect: dialect, registry: .keras))
        // Keras 3 scales the loss by itself where the policy is `mixed_float16`, and writes into a `.keras` the words of the optimizer that
        // `compile` was given, and the state of the one it made.
        guard dialect == .keras3, said.lossScale == nil, !optimizerVariables.isEmpty, try !fits(said, model) else { return said }
        var scaled = said
        scaled.lossScale = LossScale()
        return try fits(scaled, model) ? scaled : said
    }

    /// Which of its optimizer's variables is the first of the optimizer that moves the weights, where that stands within one that scales the loss.
    package func innerStart(in model: BuiltModel) -> Int? {
        guard let made = try? optimizer(for: model), LossScale.isRound(optimizer) || made.lossScale?.isOptimizer == true else { return nil }
        return try? layout(fitting: made, model)?.outerCount
    }
}
