import JSON
import Tensors

/// What the three layers that drop whole channels have in common.
struct SpatialDropout: Sendable {
    var rate = 0.0
    var noiseShape: [Int?]?
    var seed: Int?
    var dataFormat = DataFormat.channelsLast

    func train(_ x: Value, _ call: LayerCall) throws -> Value {
        let ones = [Int?](repeating: 1, count: x.rank - 2)
        let noise = dataFormat == .channelsFirst ? [nil, nil] + ones : [nil] + ones + [nil]
        return try call.dropout(x, rate: rate, noiseShape: noise, seed: seed)
    }

    /// Keras 3 writes neither `trainable` nor a policy, and takes no `trainable` back.
    static func commonKeys<L: Layer>(_ layer: L.Type) -> [ConfigKey<L>] {
        [
            .key("name", \.base.name, in: Dialect.older),
            .key("trainable", \.base.trainable, in: Dialect.older),
            .key("dtype", \.base.dtype, in: [.tfKeras]),
            .key("batch_shape", \.base.batchShape, names: [.keras2: "batch_input_shape", .tfKeras: "batch_input_shape"], in: Dialect.older)
                .written { layer, _ in layer.base.batchShape != nil },
            .key("dtype", \.base.dtype, in: [.keras2]),
        ]
    }

    static func keys<L: Layer>(_ path: WritableKeyPath<L, SpatialDropout> & Sendable, hasDataFormat: Bool = false) -> [ConfigKey<L>] {
        let own: [ConfigKey<SpatialDropout>] = [
            .required("rate", \.rate), .key("noise_shape", \.noiseShape, in: Dialect.older), .key("seed", \.seed),
        ]
        let last: [ConfigKey<L>] = [.key("name", \.base.name, in: [.keras3]), .key("dtype", \.base.plainDType, in: [.keras3])]
        let format: [ConfigKey<SpatialDropout>] =
            hasDataFormat ? [.key("data_format", \.dataFormat, in: [.keras3]).needed { $0.dataFormat == .channelsFirst }] : []
        return own.map { $0.at(path) } + last + format.map { $0.at(path) }
    }
}
