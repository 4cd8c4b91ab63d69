import JSON
import Tensors

/// What every recurrent layer is told besides its cell.
public struct RecurrentSettings: Sendable {
    /// The output of every step rather than of the last.
    public var returnSequences = false
    /// The states after the last step, as further outputs.
    public var returnState = false
    /// From the last step to the first; outputs stand in the order in which they are computed.
    public var goBackwards = false
    /// Whether a batch begins with the states that the one before it has left.
    public var stateful = false
    /// How Keras is to run it: the numbers are the same.
    public var unroll = false
    /// `(t, n, …)` in place of `(n, t, …)`: tf.keras.
    public var timeMajor = false
    /// Whether the output of a masked step is 0 rather than that of the step before it.
    public var zeroOutputForMask = false

    /// Keras 3 writes a penalty on the output before a layer's own keys, as it may stand on any layer.
    static func penaltyKey<L: Layer>(_ path: WritableKeyPath<L, Regularizer?> & Sendable) -> ConfigKey<L> {
        .key("activity_regularizer", path, in: [.keras3]).written { layer, _ in layer[keyPath: path] != nil }
    }

    static func keys<L: Layer>(_ path: WritableKeyPath<L, RecurrentSettings> & Sendable) -> [ConfigKey<L>] {
        let own: [ConfigKey<RecurrentSettings>] = [
            .key("return_sequences", \.returnSequences),
            .key("return_state", \.returnState),
            .key("go_backwards", \.goBackwards),
            .key("stateful", \.stateful),
            .key("unroll", \.unroll),
            .key("time_major", \.timeMajor, in: [.tfKeras]).needed { $0.timeMajor },
            .key("zero_output_for_mask", \.zeroOutputForMask, in: [.tfKeras, .keras3]).written { settings, context in
                context.dialect == .keras3 || settings.zeroOutputForMask
            }.needed { $0.zeroOutputForMask },
        ]
        return own.map { $0.at(path) }
    }
}
