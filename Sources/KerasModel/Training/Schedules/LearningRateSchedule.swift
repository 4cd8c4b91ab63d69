import JSON
import Tensors

/// A learning rate that hangs on the number of the step. Keras: `keras.optimizers.schedules.LearningRateSchedule`.
///
/// These are descriptions; the arithmetic is in the runtime.
public protocol LearningRateSchedule: TrainingFunction {
    /// The rate of the first step.
    var initialLearningRate: Double { get }
    /// - Throws: a `malformed` problem if there are no rates with these settings.
    func check() throws
}

/// Every schedule known: those that Keras serialises.
package let knownSchedules: [any LearningRateSchedule.Type] = [
    ExponentialDecay.self, InverseTimeDecay.self, PolynomialDecay.self, PiecewiseConstantDecay.self, CosineDecay.self,
    CosineDecayRestarts.self,
]

/// What an optimizer's file says of its rate, where that is no number: `{"class_name": …, "config": …}`.
///
/// - Throws: `unsupported` for a schedule that is not known, `malformed` for one without rates.
package func learningRateSchedule(config json: JSON, in context: DecodingContext) throws -> any LearningRateSchedule {
    let named = try NamedFunction(json)
    guard let type = knownSchedules.first(where: { $0.names.className == named.name }) else {
        throw KerasError(.unsupported, "this learning-rate schedule is not known", found: "'\(named.name)'")
    }
    let schedule: any LearningRateSchedule = try type.decoded(named.settings, in: context)
    try schedule.check()
    return schedule
}

extension LearningRateSchedule {
    /// The same as a file says it.
    package func config(in context: EncodingContext) throws -> JSON {
        let (name, settings) = (JSON.string(names.className), JSON.object(try settings(in: context)))
        guard context.dialect == .keras3 || context.isUniversal else { return ["class_name": name, "config": settings] }
        return ["module": "keras.optimizers.schedules", "class_name": name, "config": settings, "registered_name": nil]
    }
}

extension KerasError {
    /// - Throws: a `malformed` problem unless `steps` is above 0.
    static func checkSteps(_ steps: Double, _ key: String) throws {
        guard steps > 0 else {
            throw KerasError(
                .malformed, "a schedule's steps are not above 0", at: Place(key: key), found: "\(steps)", expected: "above 0")
        }
    }
}
