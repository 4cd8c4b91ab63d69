import JSON
import Tensors

/// What layers that Keras 3 has quantized share: kernels of 8 bits with scales, and inputs brought to 8 bits where they come in.
/// Source: `Dense._int8_call`, `quantizers.abs_max_quantize`.
enum Int8 {
    /// The kernel and its scales.
    static func kernel(_ name: String, _ shape: [Int], scale: [Int]) throws -> [WeightSpec] {
        var kernel = try WeightSpec(name, shape, .zeros, isTrainable: false, dtype: .int8)
        kernel.isStoredFirst = true
        return [kernel, try WeightSpec(name + "_scale", scale, .ones, isTrainable: false)]
    }

    /// `multiply` of the input in steps of 8 bits, brought back to numbers.
    ///
    /// - Parameters:
    ///   - axes: of which the largest magnitude is 127 steps.
    ///   - config: Keras's `quantization_config`; without a quantizer of what comes in, that stays as it is.
    ///   - aligned: the inputs' scales, of the input's rank, as they stand along the product's axes.
    static func product(
        _ x: Value, axes: [Int], _ config: JSON?, _ call: LayerCall, _ multiply: (Value) throws -> Value,
        aligned: (Value) throws -> Value
    ) throws -> Value {
        guard call.phase != .train else { throw KerasError(.unsupported, "quantized layers are not trained", found: call.layer.typeName) }
        let scales = try call.weight("kernel_scale")
        guard let quantizer = try quantizer(config) else { return try call.emit(.binary(.divide), try multiply(x), scales) }
        let (steps, scale) = try steps(x, axes: axes, quantizer, call)
        let product = try multiply(steps)
        return try call.emit(.binary(.divide), product, try call.emit(.binary(.multiply), scales, try aligned(scale)))
    }

    struct Quantizer {
        var low = -127.0
        var high = 127.0
        var epsilon = 1e-7
    }

    /// nil where inputs stay as they are.
    static func quantizer(_ config: JSON?) throws -> Quantizer? {
        guard let config, !config.isNull else { return Quantizer() }
        guard let found = config["config"]?["activation_quantizer"], !found.isNull else { return nil }
        guard found["class_name"] == "AbsMaxQuantizer" else {
            throw KerasError(
                .unsupported, "this way to quantize inputs is not run", at: Place(key: "quantization_config"),
                found: found["class_name"]?.summary, expected: "AbsMaxQuantizer")
        }
        var quantizer = Quantizer()
        if let range = found["config"]?["value_range"]?.array?.compactMap(\.number), range.count == 2 {
            (quantizer.low, quantizer.high) = (range[0], range[1])
        }
        quantizer.epsilon = found["config"]?["epsilon"]?.number ?? quantizer.epsilon
        return quantizer
    }

    /// `x` in whole steps, and how many go into 1.
    static func steps(_ x: Value, axes: [Int], _ quantizer: Quantizer, _ call: LayerCall) throws -> (steps: Value, scale: Value) {
        let largest = try call.emit(.reduce(.max, axes: axes, keepDims: true), try call.emit(.unary(.abs), x))
        let bounded = try call.emit(.unary(.affine(scale: 1, offset: quantizer.epsilon)), largest)
        let scale = try call.emit(.binary(.divide), try call.constant([quantizer.high], shape: []), bounded)
        let rounded = try call.emit(.unary(.round), try call.emit(.binary(.multiply), x, scale))
        return (try call.emit(.unary(.clamp(low: quantizer.low, high: quantizer.high)), rounded), scale)
    }
}
