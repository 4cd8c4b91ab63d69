/// Random numbers that are looked up instead of drawn one after another: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3" (2011).
///
/// A block of four words is a function of seed, stream, attempt and place. So the n-th number of a stream is the same whoever asks
/// for it, in whatever order, on however many threads.
package struct Philox: Hashable, Sendable {
    private let key: SIMD2<UInt32>
    private let stream: UInt32

    /// - Parameter stream: sequences of one seed that have nothing to do with each other.
    package init(seed: UInt64, stream: UInt32 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.stream = stream
    }

    /// The four words at `place`; other ones for each `attempt`.
    package func words(_ place: UInt64, attempt: UInt32 = 0) -> SIMD4<UInt32> {
        Philox.rounds(SIMD4(UInt32(truncatingIfNeeded: place), UInt32(truncatingIfNeeded: place >> 32), attempt, stream), key: key)
    }

    /// The ten rounds on a counter.
    static func rounds(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (x, key) = (counter, key)
        for round in 0..<10 {
            if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
            let a = x[0].multipliedFullWidth(by: 0xD251_1F53)
            let b = x[2].multipliedFullWidth(by: 0xCD9E_8D57)
            x = SIMD4(b.high ^ x[1] ^ key[0], b.low, a.high ^ x[3] ^ key[1], a.low)
        }
        return x
    }

    /// Blocks that ``words(from:attempt:into:)`` makes together, as vectors.
    static let lanes = 16

    /// The words of the blocks from `place` on: the first words of all of them, then all second ones, and so on.
    ///
    /// - Parameter words: memory for `4 · lanes` of them.
    @inline(__always)
    func words(from place: UInt64, attempt: UInt32, into words: UnsafeMutablePointer<UInt32>) {
        let n = Philox.lanes
        for lane in 0..<n {
            let own = place &+ UInt64(lane)
            words[lane] = UInt32(truncatingIfNeeded: own)
            words[n + lane] = UInt32(truncatingIfNeeded: own >> 32)
            words[2 * n + lane] = attempt
            words[3 * n + lane] = stream
        }
        var (first, second) = (key[0], key[1])
        for round in 0..<10 {
            if round > 0 { (first, second) = (first &+ 0x9E37_79B9, second &+ 0xBB67_AE85) }
            for lane in 0..<n {
                let a = UInt64(words[lane]) &* 0xD251_1F53
                let b = UInt64(words[2 * n + lane]) &* 0xCD9E_8D57
                words[lane] = UInt32(truncatingIfNeeded: b >> 32) ^ words[n + lane] ^ first
                words[n + lane] = UInt32(truncatingIfNeeded: b)
                words[2 * n + lane] = UInt32(truncatingIfNeeded: a >> 32) ^ words[3 * n + lane] ^ second
                words[3 * n + lane] = UInt32(truncatingIfNeeded: a)
            }
        }
    }

    /// Four numbers, even over [0, 1).
    package func uniforms(_ place: UInt64, attempt: UInt32 = 0) -> SIMD4<Double> {
        let words = words(place, attempt: attempt)
        return SIMD4((0..<4).map { Double(words[$0] >> 8) * 0x1p-24 })
    }

    /// Four numbers of the normal distribution with mean 0 and variance 1 (Box and Muller).
    package func normals(_ place: UInt64, attempt: UInt32 = 0) -> SIMD4<Double> {
        let words = words(place, attempt: attempt)
        var result = SIMD4<Double>()
        for pair in 0..<2 {
            // Halfway between the steps, so that the logarithm never sees 0.
            let radius = (-2 * logarithm((Double(words[2 * pair]) + 0.5) * 0x1p-32)).squareRoot()
            let angle = 2 * Double.pi * Double(words[2 * pair + 1]) * 0x1p-32
            result[2 * pair] = radius * cosine(angle)
            result[2 * pair + 1] = radius * cosine(angle - Double.pi / 2)
        }
        return result
    }

    /// The same with what lies beyond ±2 drawn again.
    package func truncatedNormals(_ place: UInt64) -> SIMD4<Double> {
        var result = normals(place)
        for lane in 0..<4 {
            var attempt: UInt32 = 0
            while abs(result[lane]) > 2 {
                attempt += 1
                result[lane] = normals(place, attempt: attempt)[lane]
            }
        }
        return result
    }

    /// `count` numbers from a stream's beginning.
    package func fill(_ count: Int, _ four: (UInt64) -> SIMD4<Double>) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { target, initialized in
            var place = 0
            while place < count {
                let numbers = four(UInt64(place / 4))
                for lane in 0..<min(4, count - place) { target[place + lane] = numbers[lane] }
                place += 4
            }
            initialized = count
        }
    }
}
