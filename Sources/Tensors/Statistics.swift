/// What the numbers of a tensor are like: `min`, `max` and `mean` as numpy has them, but over the finite ones alone, and how many are not.
public struct Statistics: Sendable, Equatable {
    /// All elements.
    public internal(set) var count = 0
    public internal(set) var nanCount = 0
    public internal(set) var infinityCount = 0
    /// Of the finite numbers, summed in double precision.
    public internal(set) var sum = 0.0
    var least = Double.infinity
    var most = -Double.infinity

    public var finiteCount: Int { count - nanCount - infinityCount }
    /// Nil where no number is finite.
    public var minimum: Double? { finiteCount > 0 ? least : nil }
    public var maximum: Double? { finiteCount > 0 ? most : nil }
    public var mean: Double? { finiteCount > 0 ? sum / Double(finiteCount) : nil }

    mutating func add(_ part: Statistics) {
        count += part.count
        nanCount += part.nanCount
        infinityCount += part.infinityCount
        sum += part.sum
        least = min(least, part.least)
        most = max(most, part.most)
    }
}

extension Tensor {
    /// Looks at every number once, where it lies: of a mapped file that is larger than memory, too.
    ///
    /// - Throws: an `unsupported` problem for elements that are no real numbers or truth values.
    public func statistics() throws -> Statistics {
        var statistics = Statistics()
        try forEachBlock { statistics.add($0.statistics) }
        return statistics
    }

    /// All numbers added up in double precision, whatever their type; not a number if one is none.
    ///
    /// - Throws: an `unsupported` problem for elements that are no real numbers or truth values.
    public func sum() throws -> Double {
        var sum = 0.0
        try forEachBlock { sum += $0.sum }
        return sum
    }

    /// Calls `body` with all elements, a few thousand at a time, in the order in which they lie in memory.
    private func forEachBlock(_ body: (NumberBlock) -> Void) throws {
        guard dtype.isNumeric else {
            throw KerasError(.unsupported, "elements of this type are not numbers", found: "\(dtype)")
        }
        if isContiguous { return try forEachPackedBlock(body) }
        let reversed = transposed(Array((0..<rank).reversed()))
        if reversed.isContiguous { return try reversed.forEachPackedBlock(body) }
        let rows = max(NumberBlock.capacity * 16 * shape[0] / max(count, 1), 1)
        for start in stride(from: 0, to: shape[0], by: rows) {
            try self[start..<min(start + rows, shape[0])].contiguous().forEachPackedBlock(body)
        }
    }

    private func forEachPackedBlock(_ body: (NumberBlock) -> Void) throws {
        defer { withExtendedLifetime(buffer) {} }
        // Everything but the two types that are looked at where they lie goes through a small buffer.
        let isDirect = dtype == .float32 || dtype == .float64
        let staging = isDirect ? nil : try Buffer.uninitialized(count: NumberBlock.capacity * 16)
        for start in stride(from: 0, to: count, by: NumberBlock.capacity) {
            let source = address + start * dtype.size
            let length = min(NumberBlock.capacity, count - start)
            guard let staging, let target = staging.bytes.baseAddress else {
                body(dtype == .float32 ? .floats(source, length) : .doubles(source, length))
                continue
            }
            var aligned = source
            if !isAligned {
                let copy = target + NumberBlock.capacity * 8
                copy.copyMemory(from: source, byteCount: length * dtype.size)
                aligned = UnsafeRawPointer(copy)
            }
            try dtype.convert(aligned, to: .float64, target, count: length)
            body(.doubles(UnsafeRawPointer(target), length))
        }
    }
}

/// So many numbers that they stay in the cache; aligned or not.
private enum NumberBlock {
    case floats(UnsafeRawPointer, Int)
    case doubles(UnsafeRawPointer, Int)

    static let capacity = 1 << 12

    /// Not a number if one is none.
    var sum: Double {
        switch self {
        case .floats(let start, let count): floatSum(start, count)
        case .doubles(let start, let count): doubleSum(start, count)
        }
    }

    var statistics: Statistics {
        let (sum, least, most): (Double, Double, Double)
        switch self {
        case .floats(let start, let count):
            let range = floatRange(start, count)
            (sum, least, most) = (floatSum(start, count), Double(range.least), Double(range.most))
            if sum.isFinite { return Statistics(count: count, sum: sum, least: least, most: most) }
            return each(count) { Double(start.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
        case .doubles(let start, let count):
            (least, most) = doubleRange(start, count)
            sum = doubleSum(start, count)
            if sum.isFinite { return Statistics(count: count, sum: sum, least: least, most: most) }
            return each(count) { start.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
        }
    }

    /// One by one, for a block in which something is not finite.
    private func each(_ count: Int, _ number: (Int) -> Double) -> Statistics {
        var statistics = Statistics(count: count)
        for index in 0..<count {
            let value = number(index)
            if value.isNaN {
                statistics.nanCount += 1
            } else if value.isInfinite {
                statistics.infinityCount += 1
            } else {
                statistics.sum += value
                statistics.least = min(statistics.least, value)
                statistics.most = max(statistics.most, value)
            }
        }
        return statistics
    }
}

// Sixteen numbers at a time. What is not a number passes every comparison unnoticed, and shows in the sum.

private func floatSum(_ start: UnsafeRawPointer, _ count: Int) -> Double {
    var (low, high) = (SIMD8<Double>(), SIMD8<Double>())
    let whole = count / 16 * 16
    for index in stride(from: 0, to: whole, by: 16) {
        let numbers = start.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
        low += SIMD8<Double>(numbers.lowHalf)
        high += SIMD8<Double>(numbers.highHalf)
    }
    var sum = (low + high).sum()
    for index in whole..<count { sum += Double(start.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)) }
    return sum
}

private func doubleSum(_ start: UnsafeRawPointer, _ count: Int) -> Double {
    var sums = SIMD16<Double>()
    let whole = count / 16 * 16
    for index in stride(from: 0, to: whole, by: 16) { sums += start.loadUnaligned(fromByteOffset: 8 * index, as: SIMD16<Double>.self) }
    var sum = sums.sum()
    for index in whole..<count { sum += start.loadUnaligned(fromByteOffset: 8 * index, as: Double.self) }
    return sum
}

private func floatRange(_ start: UnsafeRawPointer, _ count: Int) -> (least: Float, most: Float) {
    var (low, high) = (SIMD16<Float>(repeating: .infinity), SIMD16<Float>(repeating: -.infinity))
    let whole = count / 16 * 16
    for index in stride(from: 0, to: whole, by: 16) {
        let numbers = start.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
        low.replace(with: numbers, where: numbers .< low)
        high.replace(with: numbers, where: numbers .> high)
    }
    var (least, most) = (low.min(), high.max())
    for index in whole..<count {
        let number = start.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
        if number < least { least = number }
        if number > most { most = number }
    }
    return (least, most)
}

private func doubleRange(_ start: UnsafeRawPointer, _ count: Int) -> (least: Double, most: Double) {
    var (low, high) = (SIMD16<Double>(repeating: .infinity), SIMD16<Double>(repeating: -.infinity))
    let whole = count / 16 * 16
    for index in stride(from: 0, to: whole, by: 16) {
        let numbers = start.loadUnaligned(fromByteOffset: 8 * index, as: SIMD16<Double>.self)
        low.replace(with: numbers, where: numbers .< low)
        high.replace(with: numbers, where: numbers .> high)
    }
    var (least, most) = (low.min(), high.max())
    for index in whole..<count {
        let number = start.loadUnaligned(fromByteOffset: 8 * index, as: Double.self)
        if number < least { least = number }
        if number > most { most = number }
    }
    return (least, most)
}
