import KerasModel
import Tensors

extension SavedModel {
    /// The model in another floating-point type: what its layers compute in, and their weights, rounded to the nearest. Whole numbers stay.
    ///
    /// - Returns: with it, what was lost, in a sentence each.
    /// - Throws: `unsupported` for layers that hold others in a way of their own.
    package func converted(to dtype: DType) throws -> (model: SavedModel, notes: [String]) {
        var copy = self
        copy.root = try SavedModel.model(root, in: DTypePolicy(dtype))
        var (changed, infinite) = (0, 0)
        copy.weights = try weights.mapValues { tensor in
            guard tensor.dtype.isFloatingPoint else { return tensor }
            if tensor.dtype != dtype { changed += 1 }
            let result = try tensor.converted(to: dtype)
            if dtype.size < tensor.dtype.size {
                infinite +=
                    try result.scalars(as: Double.self).count(where: \.isInfinite)
                    - tensor.scalars(as: Double.self).count(where: \.isInfinite)
            }
            return result
        }
        var notes: [String] = []
        if changed > 0 { notes.append("\(changed) weights are \(dtype) now") }
        if infinite > 0 { notes.append("\(infinite) weights are beyond what \(dtype) holds and became infinite") }
        if copy.training?.optimizerVariables.isEmpty == false {
            copy.training?.optimizerVariables = []
            notes.append("the optimizer's state is left out: it belongs to weights of another type")
        }
        return (copy, notes)
    }

    private static func model(_ model: ModelLayer, in policy: DTypePolicy) throws -> ModelLayer {
        var model = model
        model.base.dtype = policy
        model.architecture.layers = try model.architecture.layers.map { try layer($0, in: policy) }
        if let input = model.architecture.sequentialInput { model.architecture.sequentialInput = self.input(input, in: policy) }
        return model
    }

    private static func layer(_ layer: any Layer, in policy: DTypePolicy) throws -> any Layer {
        if let nested = layer as? ModelLayer { return try model(nested, in: policy) }
        if let input = layer as? InputLayer { return self.input(input, in: policy) }
        var layer: any Layer = try layer.withChildren { try self.layer($0, in: policy) }
        layer.base.dtype = policy
        return layer
    }

    private static func input(_ input: InputLayer, in policy: DTypePolicy) -> InputLayer {
        guard input.base.dtype.compute.isFloatingPoint else { return input }
        var input = input
        input.base.dtype = policy
        return input
    }
}
