import CKernels
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An array whose end touches a page nobody may read, and whose front is watched: a kernel that reads past the end
/// dies, one that writes before the start is found by `intact`. Odd counts make it unaligned by themselves.
final class Guarded<T: BinaryFloatingPoint> {
    let base: UnsafeMutablePointer<T>
    let count: Int
    private let region: UnsafeMutableRawPointer
    private let length: Int
    private var front: UnsafeMutableBufferPointer<T>

    init(_ count: Int, fill: T = 0) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let bytes = (count * MemoryLayout<T>.stride + 64 + page - 1) / page * page
        length = bytes + page
        region = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        precondition(mprotect(region + bytes, page, PROT_NONE) == 0)
        base = (region + bytes - count * MemoryLayout<T>.stride).assumingMemoryBound(to: T.self)
        self.count = count
        base.update(repeating: fill, count: count)
        front = UnsafeMutableBufferPointer(start: base - 64 / MemoryLayout<T>.stride, count: 64 / MemoryLayout<T>.stride)
        front.update(repeating: 12345)
        recentlyMade.withLock { $0.keep(self) }
    }

    convenience init(_ values: [T]) {
        self.init(values.count)
        for (i, value) in values.enumerated() { base[i] = value }
    }

    deinit { munmap(region, length) }

    var intact: Bool { front.allSatisfy { $0 == 12345 } }
    var values: [T] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

/// Keeps each thread's newest arrays mapped, so that `kernel(Guarded(x).base, ...)` needs no ceremony about lifetimes:
/// no call takes more than a handful, and a test that does not suspend stays on its thread.
private struct Recent: @unchecked Sendable {
    private var rings: [pthread_t: (kept: [AnyObject?], next: Int)] = [:]

    mutating func keep(_ array: AnyObject) {
        var ring = rings.removeValue(forKey: pthread_self()) ?? (Array(repeating: nil, count: 64), 0)
        ring.kept[ring.next] = array
        ring.next = (ring.next + 1) % ring.kept.count
        rings[pthread_self()] = ring
    }
}
private let recentlyMade = Mutex(Recent())

/// A small generator: the same numbers on every run and machine.
struct Random {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
    mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * Float(next() >> 40) / Float(1 << 24)
    }
    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(range) }
    }
}

/// A table under test: every one this processor can run, generic in float included.
struct Table: Sendable, CustomStringConvertible {
    nonisolated(unsafe) let pointer: UnsafePointer<kk_table_f32>
    var f: kk_table_f32 { pointer.pointee }
    var description: String { String(cString: pointer.pointee.name) }

    static let names: [String] = {
        var count = 0
        let names = kk_isa_names(&count)
        return (0..<count).map { String(cString: names[$0]) }
    }()
    static let all: [Table] = names.compactMap { name in kk_table_f32_named(name).map { Table(pointer: $0) } }
}

/// The meaning: plain C in double precision.
var reference: kk_table_f64 { kk_table_f64_generic().pointee }

func ulp(of value: Double) -> Double {
    let float = Float(value).magnitude
    return float.isFinite ? Double(max(float.ulp, Float.leastNonzeroMagnitude)) : 0
}

/// How far `got` is from `want` in units of `unit`; 0 where both are NaN, the same infinity, or where the exact result
/// has left float's range as `got` has.
func distance(_ got: Float, _ want: Double, unit: Double) -> Double {
    if got.isNaN || want.isNaN { return got.isNaN && want.isNaN ? 0 : .infinity }
    if Double(got) == want || Float(want) == got { return 0 }
    if got.isInfinite || want.isInfinite { return .infinity }
    return abs(Double(got) - want) / unit
}

/// Every element of `got` within `tolerance` of `want`, relative to `scale` (what was summed, in magnitude).
func expectClose(
    _ got: [Float], _ want: [Double], scale: Double, tolerance: Double, _ what: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(got.count == want.count, sourceLocation: sourceLocation)
    for i in got.indices {
        let off = distance(got[i], want[i], unit: max(scale, want[i].magnitude))
        guard off <= tolerance else {
            Issue.record(
                "\(what()): [\(i)] is \(got[i]), not \(want[i]): off by \(off)", sourceLocation: sourceLocation)
            return
        }
    }
}

/// The same bits, NaN equal to NaN.
func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
}
