import JSON
import Tensors

/// A layer of one input and no weights, that changes values and not their shape: it can stand as another layer's activation.
public protocol ActivationLayer: Layer {
    func apply(_ x: Value, _ call: LayerCall) throws -> Value
}

extension ActivationLayer {
    public static var maskUse: MaskUse { .passes }
    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .either(self) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [try apply(try call.cast(inputs[0], call.computeType), call)]
    }
}

/// A layer in the place of an activation function. Copies are equal, as they are one layer.
public struct BoxedActivation: Hashable, Sendable {
    public let layer: any ActivationLayer

    public static func == (a: BoxedActivation, b: BoxedActivation) -> Bool { a.layer.id == b.layer.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(layer.id) }

    init(_ layer: any ActivationLayer) { self.layer = layer }

    /// From `{"class_name": …, "config": …}`.
    init(_ type: any ActivationLayer.Type, config json: JSON, in context: DecodingContext) throws {
        layer = try type.decoded(json["config"]?.object ?? [:], in: context)
    }

    func config(in context: EncodingContext) throws -> JSON {
        context.object(WrittenClass(type(of: layer).className), config: try layer.encoded(in: context))
    }
}
