private import Synchronization
import Tensors

/// One batch on its way along a route: which piece is where. Kept and used again by later batches.
final class BatchRun: PoolWork, @unchecked Sendable {
    /// Sound to share: one call at a time holds it, and what it says does not change while pieces run.
    var targets: [UnsafeMutableRawPointer]
    /// Values between stages, for a group of samples.
    private let between: [Buffer]
    private let betweenBytes: [Int]
    private let problem = Mutex<(piece: Int, error: any Error)?>(nil)

    // What is being run.
    private var route: Route?
    private var inputs = UnsafeBufferPointer<Tensor>(start: nil, count: 0)
    private var stage = 0
    private var group = 0..<0

    init(_ route: Route) throws {
        targets = [UnsafeMutableRawPointer](repeating: UnsafeMutableRawPointer(bitPattern: 64)!, count: route.outputs.count)
        var bytes: [Int: Int] = [:]
        for stage in route.stages {
            for (index, place) in stage.outputs.enumerated() {
                if case .between(let number) = place { bytes[number] = stage.plan.outputs[index].heldBytes / stage.piece }
            }
        }
        betweenBytes = (0..<bytes.count).map { bytes[$0] ?? 0 }
        between = try betweenBytes.map { try Buffer(count: $0 * min(route.group, route.samples)) }
    }

    func run(_ route: Route, _ inputs: UnsafeBufferPointer<Tensor>, threads: Int) throws {
        (self.route, self.inputs) = (route, inputs)
        // The route keeps its runs: one that kept its route would never be freed.
        defer { (self.route, self.inputs) = (nil, UnsafeBufferPointer(start: nil, count: 0)) }
        for first in stride(from: 0, to: route.samples, by: route.group) {
            group = first..<min(first + route.group, route.samples)
            for stage in route.stages.indices {
                self.stage = stage
                try run(route.stages[stage], threads)
            }
        }
    }

    private func run(_ stage: Route.Stage, _ threads: Int) throws {
        let pieces = (group.count + stage.piece - 1) / stage.piece
        let together = BatchRun.together(pieces, stage.plan.work, threads)
        if together > 0 {
            WorkerPool.shared.run(together, threads: threads, self)
            // The first sample's problem, whoever came upon another first.
            if let found = problem.withLock({ found in
                defer { found = nil }
                return found
            }) {
                throw found.error
            }
        }
        for piece in together..<pieces { try run(piece, of: stage, threads: threads) }
    }

    /// How many of the pieces run side by side, each on one thread; the others run one after the other, each on all threads. The bits are
    /// the same either way.
    static func together(_ pieces: Int, _ work: Workload, _ threads: Int) -> Int {
        guard threads > 1, pieces > 1, work.alone * Double(pieces) > Parts.worthwhile else { return 0 }
        let leftOver = pieces % threads
        // Those left over would keep some threads busy for a whole piece.
        return work.forked * Double(leftOver) < work.alone ? pieces - leftOver : pieces
    }

    func perform(_ piece: Int, slot: Int) {
        do {
            guard let route else { return }
            try run(piece, of: route.stages[stage], threads: 1)
        } catch {
            problem.withLock { known in
                if known.map({ piece < $0.piece }) ?? true { known = (piece, error) }
            }
        }
    }

    private func run(_ piece: Int, of stage: Route.Stage, threads: Int) throws {
        let first = group.lowerBound + piece * stage.piece
        let rows = first..<min(first + stage.piece, group.upperBound)
        let plan = rows.count == stage.piece ? stage.plan : stage.restPlan
        let run = try plan.take()
        defer { plan.put(run) }
        for port in stage.inputs.indices {
            run.bind(port: port, to: try source(stage.inputs[port], plan.inputs[port], rows) { try run.staging(port: port) })
        }
        for index in stage.outputs.indices {
            let port = plan.inputs.count + index
            let isDirect = plan.outputs[index].isHeldAsIs || !stage.outputs[index].isOutput
            run.bind(port: port, to: isDirect ? target(stage.outputs[index], plan.outputs[index], rows) : try run.staging(port: port))
        }
        try run.run(threads: threads)
        for index in stage.outputs.indices where stage.outputs[index].isOutput && !plan.outputs[index].isHeldAsIs {
            let target = target(stage.outputs[index], plan.outputs[index], rows)
            try plan.outputs[index].deliver(
                try run.staging(port: plan.inputs.count + index), target, count: plan.outputs[index].shape.count)
        }
    }

    private func source(_ place: Route.Place, _ port: Port, _ rows: Range<Int>, staging: () throws -> UnsafeMutableRawPointer) throws
        -> UnsafeMutableRawPointer
    {
        guard case .input(let index) = place else { return target(place, port, rows) }
        return UnsafeMutableRawPointer(mutating: try port.held(inputs[index], rows, of: route?.samples ?? 1, staging: staging))
    }

    /// Where these samples of a value begin.
    private func target(_ place: Route.Place, _ port: Port, _ rows: Range<Int>) -> UnsafeMutableRawPointer {
        switch place {
        case .between(let number):
            (between[number].bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64)!)
                + (rows.lowerBound - group.lowerBound) * betweenBytes[number]
        case .output(let index): targets[index] + rows.lowerBound * (port.shape.count / rows.count) * port.dtype.size
        case .input(let index): UnsafeMutableRawPointer(mutating: inputs[index].address)
        }
    }
}

extension Route.Place {
    fileprivate var isOutput: Bool { if case .output = self { true } else { false } }
}
