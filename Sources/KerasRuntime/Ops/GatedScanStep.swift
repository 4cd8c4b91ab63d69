internal import CKernels
import KerasModel
private import Synchronization
import Tensors

/// The loop of an LSTM or a GRU whose body is known: the recurrent product against packed weights, then the gates of each row while they are in
/// the cache. The bits are those of the body.
///
/// One run of it is two threads' work if the products of a step are worth that: each has half of the units, and waits after each step for the
/// other's. The second joins when it comes, and the first does not wait for it to come: which of them has computed what changes no bit.
struct GatedScanStep<T: ComputeScalar>: Step {
    private let isLongShortTerm: Bool
    private let activation: UnaryKernel
    private let gates: UnaryKernel
    private let weights: PackedMatrix<T>
    private let bias: Location?
    private let sums: Sums
    private let before: [Location]
    private let after: [Location]
    private let kept: Location?
    private let rows: Int
    private let steps: Int
    private let units: Int
    private let isReversed: Bool
    private let hidden: (Location, Location)
    private let signs: Location?
    private let products: Location
    private let table: RowTable<T>

    /// What the gates add up besides the recurrent product: `(n, t, width)`, or made of `(n, t, features)` by a product of each step.
    private enum Sums {
        case stored(Location)
        case made(of: Location, PackedMatrix<T>, bias: Location?, to: Location)
    }

    /// - Parameter splits: whether two threads may share it.
    /// - Returns: nil for a loop that is none of these, or whose weights change from run to run.
    static func make(_ scan: Scan, _ node: Draft.Node, splits: Bool, _ plan: inout PlanBuilder<T>) throws -> GatedScanStep? {
        let isHalf = node.outputs.contains { plan.dtype($0).isHalf }
        guard let known = scan.known, !plan.options.reference, !isHalf, plan.constant(node.inputs[scan.sequences + scan.states]) != nil,
            plan.shape(node.inputs[0])[1] > 0
        else { return nil }
        return try GatedScanStep(known, scan, node, splits: splits, &plan)
    }

    private init(_ known: Scan.Known, _ scan: Scan, _ node: Draft.Node, splits: Bool, _ plan: inout PlanBuilder<T>) throws {
        let (activation, gates): (Unary, Unary)
        switch known {
        case .longShortTerm(let own, let ofGates): (isLongShortTerm, activation, gates) = (true, own, ofGates)
        case .gatedUnit(let own, let ofGates): (isLongShortTerm, activation, gates) = (false, own, ofGates)
        }
        (self.activation, self.gates) = (activation.kernel, gates.kernel)
        let x = plan.shape(node.inputs[0])
        let count = scan.states
        let first = scan.sequences + count
        (rows, steps, units, isReversed) = (x[0], x[1], plan.shape(node.outputs[0])[1], scan.isReversed)
        let width = scan.graph.value(scan.graph.inputs[0]).shape[1]
        let form = PackedForm(k: units, n: width, rowStride: width, columnStride: 1)
        weights = try .make(node.inputs[first], form, &plan)
        bias = node.inputs.count > first + 1 ? try plan.location(node.inputs[first + 1]) : nil
        products = plan.scratch(rows * width, of: T.self)
        let source = try plan.location(node.inputs[0])
        if let kernel = node.projection.first {
            let form = PackedForm(k: x[2], n: width, rowStride: width, columnStride: 1)
            let bias = try node.projection.dropFirst().first.map { try plan.location($0) }
            // The recurrent product is added to an LSTM's in their place.
            let place = isLongShortTerm ? products : plan.scratch(rows * width, of: T.self)
            sums = .made(of: source, try .make(kernel, form, &plan), bias: bias, to: place)
        } else {
            sums = .stored(source)
        }
        before = try node.inputs[scan.sequences..<first].map { try plan.location($0) }
        after = try node.outputs.prefix(count).map { try plan.location($0) }
        kept = node.outputs.count > count ? try plan.location(node.outputs[count]) : nil
        hidden = (plan.temporary(rows * units, of: T.self), plan.temporary(rows * units, of: T.self))
        table = RowTable(&plan, rows: rows)
        let panel = plan.kernels.packedSize(1, 1)
        let isWorthwhile = rows * units * width >= 40_000 && rows > 0
        if splits, isWorthwhile, units % (2 * panel) == 0 {
            let signs = plan.temporary(Sign.bytes, of: UInt8.self)
            plan.prepare(ClearSigns<T>(signs: signs), bytes: 0)
            self.signs = signs
        } else {
            signs = nil
        }
    }

    var parts: Int { signs == nil ? 1 : 2 }
    var algorithm: String? { isLongShortTerm ? "lstm" : "gru" }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let half = units / 2
        guard let signs else {
            begin(frame)
            for count in 0..<steps { step(frame, count, 0..<units) }
            return
        }
        let sign = Sign(frame.bases[signs.slot] + signs.offset)
        if part == 0 {
            begin(frame)
            var isShared = false
            for count in 0..<steps {
                if !isShared, sign.accept(from: count) { isShared = true }
                step(frame, count, isShared ? 0..<half : 0..<units)
                if isShared { sign.wait(for: 1, after: count, as: 0) }
            }
            if !isShared { sign.close() }
        } else if let first = sign.join() {
            for count in first..<steps {
                step(frame, count, half..<units)
                sign.wait(for: 0, after: count, as: 1)
            }
        }
    }

    /// The carry is changed where it will be read.
    private func begin(_ frame: Frame<T>) {
        if isLongShortTerm { frame.reals(after[1]).update(from: frame.reals(before[1]), count: rows * units) }
    }

    /// One step of some of the units.
    private func step(_ frame: Frame<T>, _ count: Int, _ range: Range<Int>) {
        let (width, kernels) = ((isLongShortTerm ? 4 : 3) * units, frame.kernels)
        let place = isReversed ? steps - 1 - count : count
        let z = frame.reals(products)
        func state(after step: Int) -> UnsafeMutablePointer<T> {
            step < 0
                ? frame.reals(before[0])
                : step == steps - 1 ? frame.reals(after[0]) : frame.reals(step % 2 == 0 ? hidden.0 : hidden.1)
        }
        let (old, new) = (state(after: count - 1), state(after: count))
        let sums: (first: UnsafeMutablePointer<T>, stride: Int)
        switch self.sums {
        case .stored(let location): sums = (frame.reals(location) + place * width, steps * width)
        case .made(let x, let kernel, let bias, let made):
            let features = kernel.form.k
            let x = frame.reals(x) + place * features
            sums = (frame.reals(made), width)
            multiply(frame, UnsafePointer(x), stride: steps * features, kernel, bias, nil, range, sums.first)
        }
        let addend = isLongShortTerm ? (UnsafePointer(sums.first), sums.stride) : nil
        multiply(frame, UnsafePointer(old), stride: units, weights, bias, addend, range, z)
        for row in 0..<rows {
            let gates = z + row * width + range.lowerBound
            let result = new + row * units + range.lowerBound
            if isLongShortTerm {
                longShortTerm(gates, frame.reals(after[1]) + row * units + range.lowerBound, result, range.count, kernels)
            } else {
                gatedUnit(
                    gates, sums.first + row * sums.stride + range.lowerBound, old + row * units + range.lowerBound, result, range.count,
                    kernels
                )
            }
            if let kept {
                (frame.reals(kept) + (row * steps + place) * units + range.lowerBound).update(from: result, count: range.count)
            }
        }
    }

    /// Multiplies each row by the columns of some of the units of all gates, and puts the products in their columns.
    private func multiply(
        _ frame: Frame<T>, _ first: UnsafePointer<T>, stride: Int, _ matrix: PackedMatrix<T>, _ bias: Location?,
        _ addend: (first: UnsafePointer<T>, stride: Int)?, _ range: Range<Int>, _ target: UnsafeMutablePointer<T>
    ) {
        let (k, width) = (matrix.form.k, matrix.form.n)
        let (panels, bias) = (matrix.panels(frame), bias.map { UnsafePointer(frame.reals($0)) })
        let isWhole = range.count == units
        table.forEachRun(frame, first, length: k, stride: stride, 0..<rows) { lines, count, row in
            for gate in 0..<(isWhole ? 1 : width / units) {
                let column = isWhole ? 0 : gate * units + range.lowerBound
                let epilogue = ProductEpilogue<T>(
                    bias: bias.map { $0 + column }, addend: addend.map { $0.first + row * $0.stride + column },
                    addendStride: addend?.stride ?? 0, clamp: Clamp(low: -T.infinity, high: T.infinity), pool: 1)
                frame.kernels.gemm(
                    count, isWhole ? width : range.count, lines, panels + k * column, epilogue, target + row * width + column,
                    outStride: width)
            }
        }
    }

    @inline(__always)
    private func longShortTerm(
        _ z: UnsafeMutablePointer<T>, _ carry: UnsafeMutablePointer<T>, _ result: UnsafeMutablePointer<T>, _ count: Int,
        _ kernels: T.Kernels
    ) {
        let (taken, forget, fresh, given) = (z, z + units, z + 2 * units, z + 3 * units)
        if count == units {
            kernels.unary(gates, taken, taken, 2 * units)
        } else {
            kernels.unary(gates, taken, taken, count)
            kernels.unary(gates, forget, forget, count)
        }
        kernels.unary(activation, fresh, fresh, count)
        kernels.unary(gates, given, given, count)
        kernels.binary(.multiply, forget, step: 1, carry, step: 1, carry, count)
        kernels.binary(.multiply, taken, step: 1, fresh, step: 1, fresh, count)
        kernels.binary(.add, carry, step: 1, fresh, step: 1, carry, count)
        kernels.unary(activation, carry, fresh, count)
        kernels.binary(.multiply, given, step: 1, fresh, step: 1, result, count)
    }

    /// - Parameter x: the sums of the gates without the recurrent product.
    @inline(__always)
    private func gatedUnit(
        _ z: UnsafeMutablePointer<T>, _ x: UnsafeMutablePointer<T>, _ old: UnsafeMutablePointer<T>, _ result: UnsafeMutablePointer<T>,
        _ count: Int, _ kernels: T.Kernels
    ) {
        let (update, reset, fresh) = (z, z + units, z + 2 * units)
        if count == units {
            kernels.binary(.add, update, step: 1, x, step: 1, update, 2 * units)
            kernels.unary(gates, update, update, 2 * units)
        } else {
            for gate in 0..<2 {
                let (own, given) = (z + gate * units, x + gate * units)
                kernels.binary(.add, own, step: 1, given, step: 1, own, count)
                kernels.unary(gates, own, own, count)
            }
        }
        kernels.binary(.multiply, reset, step: 1, fresh, step: 1, fresh, count)
        kernels.binary(.add, fresh, step: 1, x + 2 * units, step: 1, fresh, count)
        kernels.unary(activation, fresh, fresh, count)
        kernels.unary(Unary.affine(scale: -1, offset: 1).kernel, update, reset, count)
        kernels.binary(.multiply, reset, step: 1, fresh, step: 1, fresh, count)
        kernels.binary(.multiply, update, step: 1, old, step: 1, reset, count)
        kernels.binary(.add, reset, step: 1, fresh, step: 1, result, count)
    }
}

/// How two threads tell each other how far they are: words of one run's own memory, each in a line of the cache of its own.
private struct Sign {
    private let words: UnsafeMutablePointer<Atomic<Int>>
    private static let pitch = 8
    static let bytes = 4 * pitch * 8

    init(_ memory: UnsafeMutableRawPointer) { words = memory.assumingMemoryBound(to: Atomic<Int>.self) }

    private enum Word: Int { case state, first, done }
    /// Nobody has come; the second is there; both work; the first has done it all.
    private static let (alone, there, shared, closed) = (0, 1, 2, 3)

    private func word(_ word: Word, _ part: Int = 0) -> UnsafeMutablePointer<Atomic<Int>> { words + (word.rawValue + part) * Sign.pitch }

    func clear() {
        for index in 0..<4 { words[index * Sign.pitch].store(0, ordering: .releasing) }
    }

    /// The first looks whether the second is there, and says from which step on they share.
    func accept(from step: Int) -> Bool {
        guard word(.state).pointee.load(ordering: .acquiring) == Sign.there else { return false }
        word(.first).pointee.store(step, ordering: .relaxed)
        word(.state).pointee.store(Sign.shared, ordering: .releasing)
        return true
    }

    func close() { word(.state).pointee.store(Sign.closed, ordering: .releasing) }

    /// The second comes. nil if there is nothing left to do.
    func join() -> Int? {
        guard word(.state).pointee.compareExchange(expected: Sign.alone, desired: Sign.there, ordering: .acquiringAndReleasing).exchanged
        else { return nil }
        var spins = 0
        while true {
            switch word(.state).pointee.load(ordering: .acquiring) {
            case Sign.shared: return word(.first).pointee.load(ordering: .relaxed)
            case Sign.closed: return nil
            default: WorkerPool.pause(&spins)
            }
        }
    }

    /// Says that this part has done a step, and waits until the other has.
    func wait(for other: Int, after step: Int, as part: Int) {
        word(.done, part).pointee.store(step + 1, ordering: .releasing)
        var spins = 0
        while word(.done, other).pointee.load(ordering: .acquiring) < step + 1 { WorkerPool.pause(&spins) }
    }
}

private struct ClearSigns<T: ComputeScalar>: Step {
    let signs: Location

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) { Sign(frame.bases[signs.slot] + signs.offset).clear() }
}
