import KerasModel
import Tensors

/// The steps of a loop, one after the other: a program of its own, run on memory of the step's.
///
/// What a step of the loop reads and writes is bound anew each time; nothing else happens between two of them.
struct ScanStep<T: ComputeScalar>: Step {
    /// A sequence or a result: where it is, and one of its cells `(n, …)`.
    private struct Lane {
        let whole: Location
        /// Bytes of one row of a cell.
        let row: Int
        /// Memory for a cell, where its rows do not lie side by side.
        let cell: Location?
        let port: Int
    }

    private struct State {
        let before: Location
        let after: Location
        /// The states of every other step.
        let cells: (Location, Location)
        let bytes: Int
        let port: Int
        let result: Int
    }

    private let program: Program<T>
    private let steps: Int
    private let rows: Int
    private let isReversed: Bool
    private var sequences: [Lane] = []
    private var kept: [Lane] = []
    private var states: [State] = []
    private var captures: [(from: Location, port: Int)] = []
    private let arena: Location
    private let scratch: Location
    private let bases: Location
    /// The slot of the body's first constant.
    private let firstConstant: Int

    static func make(_ scan: Scan, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> ScanStep {
        try ScanStep(scan, node, &plan)
    }

    private init(_ scan: Scan, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        var draft = try Draft(scan.graph, store: plan.store) { _ in throw KerasError(.mismatch, "a loop's body has a weight of its own") }
        let shared = scan.sequences + scan.states
        // What is the same at every step and for every run is packed once.
        for index in draft.inputs.indices.dropFirst(shared) {
            draft.values[draft.inputs[index]].constant = plan.constant(node.inputs[index])
        }
        if !plan.options.reference { draft.improve(plan.store, fusions: plan.options.fusions) }
        var body = PlanBuilder<T>(draft, store: plan.store, options: plan.options, kernels: plan.kernels)
        try body.build()
        program = Program(body, portBytes: [])
        let first = plan.shape(node.inputs[0])
        (rows, steps, isReversed) = (first[0], first[1], scan.isReversed)
        arena = plan.scratch(body.arenaBytes, of: UInt8.self)
        scratch = plan.scratch(body.scratchBytes, of: UInt8.self)
        let ports = draft.inputs.count + draft.outputs.count
        firstConstant = Location.firstPort + ports
        bases = plan.scratch(Location.firstPort + ports + body.constants.count, of: UnsafeMutableRawPointer.self)

        func bytes(_ value: Draft.ValueID) -> Int {
            draft.values[value].shape.count * (draft.values[value].dtype.isStoredAsInteger ? 4 : MemoryLayout<T>.stride)
        }
        func lane(_ value: Draft.ValueID, _ whole: Draft.ValueID, port: Int) throws -> Lane {
            let size = bytes(value)
            return Lane(
                whole: try plan.location(whole), row: size / max(rows, 1), cell: rows == 1 ? nil : plan.scratch(size, of: UInt8.self),
                port: Location.firstPort + port)
        }
        for index in 0..<scan.sequences { sequences.append(try lane(draft.inputs[index], node.inputs[index], port: index)) }
        for index in 0..<scan.states {
            let (input, size) = (scan.sequences + index, bytes(draft.inputs[scan.sequences + index]))
            states.append(
                State(
                    before: try plan.location(node.inputs[input]), after: try plan.location(node.outputs[index]),
                    cells: (plan.scratch(size, of: UInt8.self), plan.scratch(size, of: UInt8.self)), bytes: size,
                    port: Location.firstPort + input, result: Location.firstPort + draft.inputs.count + index))
        }
        for index in draft.inputs.indices.dropFirst(shared) where draft.values[draft.inputs[index]].constant == nil {
            captures.append((try plan.location(node.inputs[index]), Location.firstPort + index))
        }
        for index in 0..<scan.kept {
            let result = scan.states + index
            kept.append(try lane(draft.outputs[result], node.outputs[result], port: draft.inputs.count + result))
        }
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let bases = frame.at(bases, as: UnsafeMutableRawPointer.self)
        func address(_ location: Location) -> UnsafeMutableRawPointer { frame.bases[location.slot] + location.offset }
        bases[Location.arena] = address(arena)
        bases[Location.scratch] = address(scratch)
        for capture in captures { bases[capture.port] = address(capture.from) }
        for (index, constant) in program.constants.enumerated() {
            bases[firstConstant + index] = UnsafeMutableRawPointer(mutating: constant.address)
        }
        let inner = Frame<T>(bases: bases, kernels: frame.kernels)
        for count in 0..<steps {
            let step = isReversed ? steps - 1 - count : count
            for lane in sequences {
                let source = address(lane.whole) + step * lane.row
                guard let cell = lane.cell else {
                    bases[lane.port] = source
                    continue
                }
                let target = address(cell)
                for row in 0..<rows { (target + row * lane.row).copyMemory(from: source + row * steps * lane.row, byteCount: lane.row) }
                bases[lane.port] = target
            }
            for state in states {
                bases[state.port] = count == 0 ? address(state.before) : address(count % 2 == 0 ? state.cells.0 : state.cells.1)
                bases[state.result] =
                    count == steps - 1 ? address(state.after) : address(count % 2 == 0 ? state.cells.1 : state.cells.0)
            }
            for lane in kept { bases[lane.port] = lane.cell.map(address) ?? address(lane.whole) + step * lane.row }
            for step in program.steps { try step.runAll(inner) }
            for lane in kept {
                guard let cell = lane.cell else { continue }
                let (source, target) = (address(cell), address(lane.whole) + step * lane.row)
                for row in 0..<rows { (target + row * steps * lane.row).copyMemory(from: source + row * lane.row, byteCount: lane.row) }
            }
        }
        if steps == 0 {
            for state in states { address(state.after).copyMemory(from: address(state.before), byteCount: state.bytes) }
        }
    }
}

extension PlanBuilder {
    /// - Parameter splits: whether two threads may share it.
    mutating func scanStep(_ scan: Scan, _ node: Draft.Node, splits: Bool) throws -> any Step<T> {
        if let step = try GatedScanStep<T>.make(scan, node, splits: splits, &self) { return step }
        return try ScanStep<T>.make(scan, node, &self)
    }
}

extension Op {
    var isScan: Bool { if case .scan = self { true } else { false } }
}

extension OpGraph {
    /// Multiplications and additions of the products, for profiles.
    var products: Double {
        nodes.reduce(0) { sum, node in
            switch node.op {
            case .matrixMultiply, .convolution:
                let kernel = values[node.inputs[1]].shape
                return sum + 2 * Double(values[node.output].shape.count) * Double(kernel.count / max(kernel[kernel.rank - 1], 1))
            default: return sum + Double(values[node.output].shape.count)
            }
        }
    }
}
