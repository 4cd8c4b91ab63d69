import Tensors

/// Where a value's numbers are: bytes from one of a run's bases.
struct Location: Sendable, Hashable {
    var slot: Int
    var offset: Int

    /// Values that live from step to step.
    static let arena = 0
    /// What a step needs while it runs: every worker has memory of its own behind this slot, and every step begins at its start.
    static let scratch = 1
    static let firstPort = 2
}

/// What a step sees while it runs.
struct Frame<T: ComputeScalar> {
    /// The arena, the scratch memory, then the inputs, the outputs and the constants.
    let bases: UnsafePointer<UnsafeMutableRawPointer>
    let kernels: T.Kernels

    func reals(_ location: Location) -> UnsafeMutablePointer<T> { at(location, as: T.self) }
    func integers(_ location: Location) -> UnsafeMutablePointer<Int32> { at(location, as: Int32.self) }

    func at<E>(_ location: Location, as type: E.Type) -> UnsafeMutablePointer<E> {
        (bases[location.slot] + location.offset).assumingMemoryBound(to: E.self)
    }
}

/// One primitive with its operands placed: everything about it that does not change from run to run.
protocol Step<Scalar>: Sendable {
    associatedtype Scalar: ComputeScalar

    /// Into how many parts the work can be cut: see ``Parts``.
    var parts: Int { get }

    /// How the primitive is computed, where there are several ways: for profiles.
    var algorithm: String? { get }

    /// Runs one part. Any thread may run it, while other threads run the others: a part writes what is its own, and the scratch memory
    /// behind `frame` is its own as long as it runs, with whatever numbers the part before has left there.
    ///
    /// A generic step says `@specialized(where T == Float)` here: what is reached through a witness table is compiled for every type
    /// at once, and looking its types up at run time costs as much as a small layer.
    func run(_ frame: Frame<Scalar>, part: Int) throws
}

extension Step {
    var parts: Int { 1 }
    var algorithm: String? { nil }

    /// Every part, one after the other.
    func runAll(_ frame: Frame<Scalar>) throws {
        for part in 0..<parts { try run(frame, part: part) }
    }
}

/// How a step's work is cut: into runs of whole units (rows, lines of pixels, elements), by the size of the problem and never by the
/// number of threads.
struct Parts: Sendable, Hashable {
    let units: Int
    let count: Int

    /// A part is worth so much time, many times what handing it to another thread costs. Tests cut finer.
    @TaskLocal static var worth = 35e-6

    /// - Parameters:
    ///   - units: how many there are; a part has one at least.
    ///   - flops: multiplications and additions of all units together.
    ///   - bytes: what all units together read and write.
    init(_ units: Int, flops: Double, bytes: Double) {
        self.units = max(units, 0)
        let seconds = Parts.seconds(flops: flops, bytes: bytes)
        count =
            seconds < Parts.worthwhile
            ? max(min(units, Parts.quick(flops: flops, bytes: bytes)), 1)
            : Parts.even(self.units, wanted: Int(min(seconds / Parts.worth, 1e6)))
    }

    init(_ units: Int, count: Int) { (self.units, self.count) = (units, count) }

    /// About as many parts as are wanted, but such that the last thread to end has little more to do than the others.
    private static func even(_ units: Int, wanted: Int) -> Int {
        let most = min(units, wanted + wanted / 2)
        // Of many parts, one more or less is nothing.
        guard wanted > 1, wanted < 64, most > 1 else { return max(min(units, wanted), 1) }
        let least = min(max(wanted / 2, 2), most)
        return (least...most).min { (span(units, $0), abs($0 - wanted)) < (span(units, $1), abs($1 - wanted)) } ?? wanted
    }

    /// The units that the time of all threads would do, until the last of them has done its parts: for two and for four threads together.
    static func span(_ units: Int, _ count: Int) -> Int {
        let longest = (units + count - 1) / count
        return [2, 4].reduce(0) { $0 + (count + $1 - 1) / $1 * $1 * longest }
    }

    /// The parts of work that is worth handing over only to a thread that is awake: a power of two, so that they come out even.
    private static func quick(flops: Double, bytes: Double) -> Int {
        // So little lies in the cache.
        let seconds = max(flops / 100e9, bytes / 50e9)
        return seconds < 2 * Parts.quickWorth ? 1 : seconds < 4 * Parts.quickWorth ? 2 : 4
    }

    /// What handing a part to a thread that is awake must be worth.
    private static let quickWorth = 1.7e-6

    /// Work that one thread does.
    init(undivided units: Int) { (self.units, count) = (max(units, 0), 1) }

    /// As many units as elements, each read once and written once.
    static func elements<E>(_ count: Int, of type: E.Type) -> Parts { elements(count, count, of: type) }

    /// `units` of so many elements altogether.
    static func elements<E>(_ units: Int, _ elements: Int, of type: E.Type) -> Parts {
        Parts(units, flops: 0, bytes: 2 * Double(elements * MemoryLayout<E>.stride))
    }

    /// Work that takes less is handed to threads that are awake, but wakes none.
    static var worthwhile: Double { 1.5 * worth }

    /// A guess at what one core needs.
    static func seconds(flops: Double, bytes: Double) -> Double { max(flops / 100e9, bytes / 10e9) }

    /// The units of one part.
    subscript(part: Int) -> Range<Int> { part * units / count..<(part + 1) * units / count }
}
