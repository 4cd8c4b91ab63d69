import Tensors

/// Numbers that are the same in every run. Sebastiano Vigna's splitmix64.
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In 0 ..< 1, exact in float32.
    mutating func unit() -> Float { Float(next() >> 40) / Float(1 << 24) }

    static func numbers(_ shape: Shape, seed: UInt64, in range: ClosedRange<Float> = 0...1) throws -> Tensor {
        var chance = Chance(seed: seed)
        let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
        return try Tensor(shape: shape, as: Float.self) { target in
            for index in target.indices { target[index] = low + width * chance.unit() }
        }
    }
}
