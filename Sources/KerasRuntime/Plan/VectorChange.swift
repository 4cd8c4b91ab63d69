import KerasModel
import Tensors

/// What an elementwise node does to its one changing operand.
struct VectorChange {
    enum Kind { case multiply, divide, add, subtract }
    var operand: Draft.ValueID
    var kind: Kind
    /// A constant: a vector along the last axis, or a single number.
    var vector: Draft.ValueID
}

extension Draft {
    /// The node as a change by a vector; nil if it is something else, or rounds to half precision in between.
    func vectorChange(_ node: Node) -> VectorChange? {
        guard case .binary(let kind) = node.op, node.epilogue.isEmpty,
            values[node.output].dtype == .float32 || values[node.output].dtype == .float64
        else { return nil }
        let (a, b) = (node.inputs[0], node.inputs[1])
        guard let isSecond = [true, false].first(where: { isVector($0 ? b : a) && values[$0 ? a : b].constant == nil }) else { return nil }
        let (operand, vector) = isSecond ? (a, b) : (b, a)
        switch kind {
        case .multiply: return VectorChange(operand: operand, kind: .multiply, vector: vector)
        case .add: return VectorChange(operand: operand, kind: .add, vector: vector)
        case .divide where isSecond: return VectorChange(operand: operand, kind: .divide, vector: vector)
        case .subtract where isSecond: return VectorChange(operand: operand, kind: .subtract, vector: vector)
        default: return nil
        }
    }

    private func isVector(_ value: ValueID) -> Bool {
        let shape = values[value].shape
        return values[value].constant != nil && (shape.count == 1 || shape.count == shape.dims.last)
    }
}
