import KerasModel
import Tensors

extension BuiltModel {
    /// Data as the model takes it: with the shapes of ``fitted(shapes:)``.
    ///
    /// - Throws: a `mismatch` problem for each input whose shape does not fit.
    package func fitted(_ tensors: [Tensor]) throws -> [Tensor] {
        try zip(tensors, fitted(shapes: tensors.map(\.shape))).map { try $0.shape == $1 ? $0 : $0.reshaped(to: $1) }
    }

    /// Shapes of data as the model takes it: with a last axis of length 1 put on or taken off where only that is amiss.
    /// Source: Keras 3, `Functional._adjust_input_rank`.
    ///
    /// - Throws: a `mismatch` problem for each input whose shape does not fit.
    package func fitted(shapes: [Shape]) throws -> [Shape] {
        let layers = architecture.inputLayers
        guard shapes.count == inputShapes.count else {
            throw KerasError(
                .mismatch, "the model takes another number of inputs", found: "\(shapes.count)",
                expected: "\(inputShapes.count): " + layers.map { "'\($0.name)'" }.joined(separator: ", "))
        }
        var problems = ProblemList()
        let result = zip(shapes, inputShapes).enumerated().compactMap { index, pair in
            problems.attempt(at: Place(layer: layers.indices.contains(index) ? layers[index].name : nil)) {
                try BuiltModel.fit(pair.0, to: pair.1)
            }
        }
        try problems.throwIfAny()
        guard Set(result.map { $0.dims.first ?? 0 }).count <= 1 else {
            throw KerasError(
                .mismatch, "the inputs have different numbers of samples", found: result.map { "\($0)" }.joined(separator: ", "))
        }
        return result
    }

    private static func fit(_ shape: Shape, to expected: SymbolicShape) throws -> Shape {
        // The batch length in a file is what the model was made with; any number of samples can be predicted.
        var expected = expected
        if expected.rank > 0 { expected[0] = nil }
        if expected.admits(shape) { return shape }
        var dims = shape.dims
        if dims.count == expected.rank + 1, dims.last == 1 {
            dims.removeLast()
        } else if dims.count == expected.rank - 1, expected.last == 1 {
            dims.append(1)
        }
        guard expected.admits(Shape(dims)) else {
            throw KerasError(.mismatch, "an input has the wrong shape", found: "\(shape)", expected: "\(expected)")
        }
        return Shape(dims)
    }

    /// What the model's layers find in a batch; nil if none looks into the data.
    package var reader: (@Sendable ([Tensor]) throws -> Reading)? {
        guard readsData else { return nil }
        return { try read(fitted($0)) }
    }
}
