import KerasModel
import Tensors

/// cuDNN's arrangement of a recurrent layer's weights, and Keras's own: each is read into a model that has the other, as Keras does
/// (`_convert_rnn_weights`, `keras/engine/saving.py` of Keras 2.2.4). They are told apart by the bias, of which cuDNN has two; where a layer has
/// none nothing is converted.
enum CuDNNArrangement {
    /// What is stored of one layer in the arrangement that the model has; nil if it is in that already, or in neither.
    ///
    /// - Parameters:
    ///   - stored: kernel, recurrent kernel and bias.
    ///   - expected: their shapes in the model.
    static func converted(_ stored: [Tensor], into expected: [Shape]) throws -> [Tensor]? {
        guard stored.count == 3, expected.count == 3, stored[0].shape == expected[0], stored[1].shape == expected[1],
            let gates = gates(recurrent: expected[1])
        else { return nil }
        let width = expected[1][1]
        switch (gates, stored[2].shape.dims, expected[2].dims) {
        case (4, [2 * width], [width]):
            let biases = try stored[2].scalars(as: Double.self)
            let sums = (0..<width).map { biases[$0] + biases[width + $0] }
            return try kernels(stored, 4, toKeras) + [Tensor(sums).converted(to: stored[2].dtype)]
        case (4, [width], [2 * width]):
            let halves = try stored[2].scalars(as: Double.self).map { $0 / 2 }
            return try kernels(stored, 4, toCuDNN) + [Tensor(halves + halves).converted(to: stored[2].dtype)]
        case (3, [2 * width], [2, width]): return try kernels(stored, 3, toKeras) + [stored[2].reshaped(to: expected[2])]
        case (3, [2, width], [2 * width]): return try kernels(stored, 3, toCuDNN) + [stored[2].reshaped(to: expected[2])]
        default: return nil
        }
    }

    /// True for what `converted` takes: the weights of one layer in this order.
    static func isCandidate(_ specs: [WeightSpec]) -> Bool { specs.map(\.name) == ["kernel", "recurrent_kernel", "bias"] }

    private static func gates(recurrent shape: Shape) -> Int? {
        guard shape.rank == 2, shape[0] > 0, shape[1] % shape[0] == 0 else { return nil }
        return shape[1] / shape[0]
    }

    private static func kernels(_ stored: [Tensor], _ gates: Int, _ change: (Tensor, Int) throws -> Tensor) throws -> [Tensor] {
        try stored.prefix(2).map { try change($0, gates) }
    }

    /// Each gate's kernel `(k, units)` is cuDNN's matrix `(units, k)`, turned round.
    private static func toKeras(_ kernel: Tensor, gates: Int) throws -> Tensor {
        let (rows, units) = (kernel.shape[0], kernel.shape[1] / gates)
        let apart = try kernel.reshaped(to: [rows, gates, units]).transposed([1, 0, 2]).contiguous()
        return try apart.reshaped(to: [gates, units, rows]).transposed([2, 0, 1]).contiguous().reshaped(to: kernel.shape)
    }

    private static func toCuDNN(_ kernel: Tensor, gates: Int) throws -> Tensor {
        let (rows, units) = (kernel.shape[0], kernel.shape[1] / gates)
        let turned = try kernel.reshaped(to: [rows, gates, units]).transposed([1, 2, 0]).contiguous()
        return try turned.reshaped(to: [gates, rows, units]).transposed([1, 0, 2]).contiguous().reshaped(to: kernel.shape)
    }
}
