import KerasModel
import Tensors

extension BuiltModel {
    /// Data as the model takes it: cast as Keras casts it, and with a last axis of length 1 put on or taken off where only that is amiss.
    /// Source: Keras 3, `Functional._adjust_input_rank`.
    ///
    /// - Throws: a `mismatch` problem for each input whose shape does not fit.
    package func fitted(_ tensors: [Tensor]) throws -> [Tensor] {
        let layers = architecture.inputLayers
        guard tensors.count == inputShapes.count else {
            throw KerasError(
                .mismatch, "the model takes another number of inputs", found: "\(tensors.count)",
                expected: "\(inputShapes.count): " + layers.map { "'\($0.name)'" }.joined(separator: ", "))
        }
        var problems = ProblemList()
        let result = zip(tensors, inputShapes).enumerated().compactMap { index, pair in
            problems.attempt(at: Place(layer: layers.indices.contains(index) ? layers[index].name : nil)) {
                try BuiltModel.fit(pair.0, to: pair.1).converted(to: layers.indices.contains(index) ? layers[index].valueType : .float32)
            }
        }
        try problems.throwIfAny()
        guard Set(result.map { $0.shape.dims.first ?? 0 }).count <= 1 else {
            throw KerasError(
                .mismatch, "the inputs have different numbers of samples", found: result.map { "\($0.shape)" }.joined(separator: ", "))
        }
        return result
    }

    private static func fit(_ tensor: Tensor, to expected: SymbolicShape) throws -> Tensor {
        // The batch length in a file is what the model was made with; any number of samples can be predicted.
        var expected = expected
        if expected.rank > 0 { expected[0] = nil }
        if expected.admits(tensor.shape) { return tensor }
        var dims = tensor.shape.dims
        if dims.count == expected.rank + 1, dims.last == 1 {
            dims.removeLast()
        } else if dims.count == expected.rank - 1, expected.last == 1 {
            dims.append(1)
        }
        guard expected.admits(Shape(dims)) else {
            throw KerasError(.mismatch, "an input has the wrong shape", found: "\(tensor.shape)", expected: "\(expected)")
        }
        return try tensor.reshaped(to: Shape(dims))
    }
}
