import KerasModel
import Tensors

/// Rows of a table looked up.
struct GatherStep<T: ComputeScalar>: Step {
    let table: Location
    let rows: Int
    let width: Int
    let indices: Location
    let cut: Parts
    let out: Location
    let layer: String

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let table = plan.shape(node.inputs[0])
        guard plan.isInteger(node.inputs[1]) else {
            throw KerasError(.mismatch, "indices are not integers", found: "\(plan.dtype(node.inputs[1]))", expected: "int32")
        }
        guard !plan.isInteger(node.inputs[0]) else {
            throw KerasError(.unsupported, "a table of integers is not looked up", found: "\(plan.dtype(node.inputs[0]))")
        }
        let count = plan.shape(node.inputs[1]).count
        return GatherStep(
            table: try plan.location(node.inputs[0]), rows: table[0], width: table.dims.dropFirst().reduce(1, *),
            indices: try plan.location(node.inputs[1]), cut: .elements(count, plan.shape(node.output).count, of: T.self),
            out: try plan.location(node.output), layer: node.layer)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let mine = cut[part]
        let indices = UnsafeBufferPointer(start: UnsafePointer(frame.integers(indices)) + mine.lowerBound, count: mine.count)
        try checkIndices(indices, rows: rows, layer)
        guard let start = indices.baseAddress else { return }
        frame.kernels.gather(frame.reals(table), width: width, start, mine.count, frame.reals(out) + mine.lowerBound * width)
    }
}

/// - Throws: a `mismatch` problem for the first index that no row of the table has.
func checkIndices(_ indices: UnsafeBufferPointer<Int32>, rows: Int, _ layer: String) throws {
    for index in indices where index < 0 || index >= rows {
        throw KerasError(
            .mismatch, "an index is outside the table", at: Place(layer: layer), found: "\(index)",
            expected: "0 up to \(rows - 1) of \(rows) rows")
    }
}

/// Rows added up where they were looked up, in the order of the indices: on one thread, for the same bits.
struct ScatterAddStep<T: ComputeScalar>: Step {
    let dy: Location
    let indices: Location
    let count: Int
    let rows: Int
    let width: Int
    let out: Location
    let layer: String

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let table = plan.shape(node.output)
        return ScatterAddStep(
            dy: try plan.location(node.inputs[0]), indices: try plan.location(node.inputs[1]), count: plan.shape(node.inputs[1]).count,
            rows: table[0], width: table.dims.dropFirst().reduce(1, *), out: try plan.location(node.output), layer: node.layer)
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let (dy, indices, out) = (frame.reals(dy), frame.integers(indices), frame.reals(out))
        // A graph of gradients alone has not looked the rows up.
        try checkIndices(UnsafeBufferPointer(start: indices, count: count), rows: rows, layer)
        out.update(repeating: 0, count: rows * width)
        for index in 0..<count {
            let row = out + Int(indices[index]) * width
            frame.kernels.binary(.add, row, step: 1, dy + index * width, step: 1, row, width)
        }
    }
}
