import KerasModel
import Tensors

// Which steps can do what after their primitive: the one place where that is said.
extension Draft {
    /// A clamp, and functions after it.
    func takesFunctions(_ node: Node) -> Bool {
        if node.epilogue.pools || values[node.output].dtype.isHalf { return false }
        switch node.op {
        case .convolution, .transposedConvolution, .matrixMultiply: return true
        // As a scale_shift.
        case .binary(.multiply): return node.addend != nil
        default: return false
        }
    }

    /// Another value of the results' shape, added before anything else happens.
    func takesAddend(_ node: Node) -> Bool {
        guard node.epilogue.isEmpty, !values[node.output].dtype.isHalf else { return false }
        switch node.op {
        case .convolution(let convolution): return !convolution.isDepthwise(values[node.inputs[0]].shape)
        case .matrixMultiply: return true
        default: return false
        }
    }

    /// Its first operand made by a depthwise convolution as it goes along.
    func takesDepthwise(_ node: Node) -> Bool {
        guard case .convolution(let convolution) = node.op, !values[node.output].dtype.isHalf, !node.epilogue.pools, node.depthwise == nil,
            values[node.inputs[1]].constant != nil
        else { return false }
        return convolution.groups == 1 && convolution.strides.allSatisfy { $0 == 1 } && convolution.padding.allSatisfy { $0 == .none }
            && values[node.inputs[1]].shape.dims.dropLast(2).allSatisfy { $0 == 1 }
    }

    /// The sums of its gates made by a product as it goes along.
    func takesProjection(_ node: Node) -> Bool {
        guard case .scan(let scan) = node.op, scan.known != nil else { return false }
        return node.projection.isEmpty && !node.outputs.contains { values[$0].dtype.isHalf }
            && values[node.inputs[scan.sequences + scan.states]].constant != nil && values[node.inputs[0]].shape[1] > 0
    }

    /// The largest of each 2 × 2 cells.
    func takesPooling(_ node: Node) -> Bool {
        guard case .convolution(let convolution) = node.op, !values[node.output].dtype.isHalf else { return false }
        let epilogue = node.epilogue
        return convolution.strides.count == 2 && convolution.groups == 1 && epilogue.functions.isEmpty && !epilogue.hasAddend
            && !epilogue.pools
    }
}
