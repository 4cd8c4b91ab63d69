internal import Storage
internal import Tensors

/// How an element of a file becomes one of a tensor: its type here, and what has to be done to its bytes.
///
/// Nearly always nothing, and the tensor is a view of the file. The other byte order is reversed, and numpy's `longdouble`, which only some
/// machines have, becomes `float64`.
struct NPYElement {
    var dtype: DType
    /// Bytes of one in the file.
    var size: Int
    /// In ascending order, and never to a later place than they come from, so that it can be done in place. Empty if the bytes stay as they are.
    var moves: [Move] = []

    struct Move {
        enum Kind {
            case copy(Int)
            /// A run of these many bytes, reversed.
            case reverse(Int)
            /// An Intel 80-bit float in a field of these many bytes (12 or 16), to 8 bytes.
            case extended(Int, isReversed: Bool)
            /// Again and again, at these distances.
            case each([Move], sourceStep: Int, targetStep: Int)
        }

        var source: Int
        var target: Int
        var kind: Kind
        /// How many of them, one behind the other.
        var count = 1
    }

    var isPlain: Bool { moves.isEmpty }

    static func plain(_ dtype: DType) -> NPYElement { NPYElement(dtype: dtype, size: dtype.size) }

    /// Elements of a type whose byte order is known.
    init(_ dtype: DType, isSwapped: Bool) {
        self.init(dtype: dtype, size: dtype.size)
        let unit = dtype.swapUnit
        if isSwapped && unit > 1 { moves = [Move(source: 0, target: 0, kind: .reverse(unit), count: size / unit)] }
    }

    init(dtype: DType, size: Int, moves: [Move] = []) {
        self.dtype = dtype
        self.size = size
        self.moves = moves
    }

    /// These elements as an array of `count` in a field.
    func repeated(_ count: Int) -> [Move] {
        if isPlain { return [Move(source: 0, target: 0, kind: .copy(size), count: count)] }
        if count == 1 { return moves }
        return count == 0 || size == 0
            ? [] : [Move(source: 0, target: 0, kind: .each(moves, sourceStep: size, targetStep: dtype.size), count: count)]
    }

    /// Writes `count` elements that lie one behind the other, to `target` as they are in a tensor; in place if that is `source`.
    func convert(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, count: Int) {
        if isPlain {
            if source != UnsafeRawPointer(target) { target.copyMemory(from: source, byteCount: count * size) }
        } else if moves.count == 1, case .reverse(let unit) = moves[0].kind, moves[0].count * unit == size {
            ByteOrder.swap(source, target, unit: unit, count: count * moves[0].count)
        } else {
            NPYElement.run(
                Move(source: 0, target: 0, kind: .each(moves, sourceStep: size, targetStep: dtype.size), count: count), source, target)
        }
    }

    private static func run(_ move: Move, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
        let (source, target) = (source + move.source, target + move.target)
        switch move.kind {
        case .copy(let size): target.copyMemory(from: source, byteCount: size * move.count)
        case .reverse(let unit): ByteOrder.swap(source, target, unit: unit, count: move.count)
        case .extended(let size, let isReversed):
            for index in 0..<move.count {
                let value = Extended(source + index * size, size: size, isReversed: isReversed).double
                target.storeBytes(of: value, toByteOffset: 8 * index, as: Double.self)
            }
        case .each(let moves, let sourceStep, let targetStep):
            for index in 0..<move.count {
                for move in moves { run(move, source + index * sourceStep, target + index * targetStep) }
            }
        }
    }
}

/// An 80-bit float of Intel's, numpy's `longdouble` where most files are written: a sign, 15 bits of exponent, and 64 of fraction with the one
/// before the point spelled out.
struct Extended {
    let exponentAndSign: UInt16
    let fraction: UInt64

    init(exponentAndSign: UInt16, fraction: UInt64) {
        self.exponentAndSign = exponentAndSign
        self.fraction = fraction
    }

    /// From a field of `size` bytes, whose other bytes mean nothing.
    init(_ source: UnsafeRawPointer, size: Int, isReversed: Bool) {
        if isReversed {
            fraction = UInt64(bigEndian: source.loadUnaligned(fromByteOffset: size - 8, as: UInt64.self))
            exponentAndSign = UInt16(bigEndian: source.loadUnaligned(fromByteOffset: size - 10, as: UInt16.self))
        } else {
            fraction = UInt64(littleEndian: source.loadUnaligned(as: UInt64.self))
            exponentAndSign = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
        }
    }

    /// The nearest `Double`, ties to even, as the processor rounds.
    var double: Double {
        let isNegative = exponentAndSign >> 15 != 0
        let exponent = Int(exponentAndSign & 0x7FFF)
        let magnitude: Double
        switch (exponent, fraction >> 63) {
        case (0x7FFF, 1) where fraction << 1 == 0: magnitude = .infinity
        // Patterns without the leading one are no numbers to any processor since the 387.
        case (0x7FFF, _), (1..., 0): return .nan
        default:
            // A fraction of 64 bits, times a power of two that may be far outside of Double's; the least numbers lose bits to being denormal.
            let power = max(exponent, 1) - 16383 - 63
            if power > 1024 { return isNegative ? -.infinity : .infinity }
            if power < -1140 { return isNegative ? -0.0 : 0.0 }
            // Rounded once: to 53 bits, or to as many as a denormal has.
            let bits = 64 - fraction.leadingZeroBitCount
            let lost = max(bits - 53, -1074 - power)
            magnitude =
                lost <= 0 ? Double(sign: .plus, exponent: power, significand: Double(fraction)) : scaled(rounded(lost), by: power + lost)
        }
        return isNegative ? -magnitude : magnitude
    }

    /// The fraction without its last `lost` bits, to the nearest.
    private func rounded(_ lost: Int) -> UInt64 {
        guard lost <= 64 else { return 0 }
        let kept = lost == 64 ? 0 : fraction >> UInt64(lost)
        let half = UInt64(1) << UInt64(lost - 1)
        let rest = lost == 64 ? fraction : fraction & (half << 1 - 1)
        return rest > half || (rest == half && kept & 1 == 1) ? kept + 1 : kept
    }

    /// Exact, since at most 53 bits are left; too large is infinite.
    private func scaled(_ significand: UInt64, by power: Int) -> Double {
        Double(sign: .plus, exponent: power, significand: Double(significand))
    }
}
