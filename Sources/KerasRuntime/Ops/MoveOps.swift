import KerasModel
import Tensors

// Pad, reverse, slice, concatenate, repeat and broadcast: each a strided copy.

extension PlanBuilder {
    mutating func makePad(_ edges: [Edges], value: Double, _ node: Draft.Node) throws -> any Step<T> {
        let (x, y) = (shape(node.inputs[0]), shape(node.output))
        let offset = zip(edges, y.strides).reduce(0) { $0 + $1.0.before * $1.1 }
        return try moveStep(node, StridedCopy(x.dims, from: x.strides, to: y.strides, toOffset: offset), fill: (value, y.count))
    }

    mutating func makeReverse(_ axes: [Int], _ node: Draft.Node) throws -> any Step<T> {
        let x = shape(node.inputs[0])
        var from = x.strides
        var offset = 0
        for axis in axes where x.count > 0 {
            offset += from[axis] * (x[axis] - 1)
            from[axis] = -from[axis]
        }
        return try moveStep(node, StridedCopy(x.dims, from: from, to: x.strides, fromOffset: offset))
    }

    mutating func makeSlice(starts: [Int], sizes: [Int], _ node: Draft.Node) throws -> any Step<T> {
        let x = shape(node.inputs[0])
        let offset = zip(starts, x.strides).reduce(0) { $0 + $1.0 * $1.1 }
        return try moveStep(node, StridedCopy(sizes, from: x.strides, to: Shape(sizes).strides, fromOffset: offset))
    }

    mutating func makeConcatenate(axis: Int, _ node: Draft.Node) throws -> any Step<T> {
        let strides = shape(node.output).strides
        var parts: [(from: Location, copy: StridedCopy)] = []
        var start = 0
        for input in node.inputs {
            let x = shape(input)
            let copy = StridedCopy(x.dims, from: x.strides, to: strides, toOffset: start * strides[axis])
            if x.count > 0 { parts.append((try location(input), copy)) }
            start += x[axis]
        }
        return MoveStep<T>(parts, to: try location(node.output), isInteger: isInteger(node.output), fill: nil)
    }

    mutating func makeRepeat(axis: Int, count: Int, _ node: Draft.Node) throws -> any Step<T> {
        let x = shape(node.inputs[0])
        var (dims, from) = (x.dims, x.strides)
        dims.insert(count, at: axis + 1)
        from.insert(0, at: axis + 1)
        return try moveStep(node, StridedCopy(dims, from: from, to: Shape(dims).strides))
    }

    mutating func makeBroadcast(_ node: Draft.Node) throws -> any Step<T> {
        let y = shape(node.output)
        return try moveStep(node, StridedCopy(y.dims, from: shape(node.inputs[0]).strides(broadcastTo: y), to: y.strides))
    }
}

extension Shape {
    /// Row-major strides with 0 along every axis that is stretched to reach `target`.
    func strides(broadcastTo target: Shape) -> [Int] {
        let (missing, own) = (target.rank - rank, strides)
        return target.dims.indices.map { axis in
            axis < missing || (self[axis - missing] == 1 && target[axis] != 1) ? 0 : own[axis - missing]
        }
    }
}
