/// SipHash-2-4 of bytes under a key: what TensorFlow puts text into buckets by where a salt is given. Source: `StrongKeyedHash`; Aumasson and
/// Bernstein, "SipHash: a fast short-input PRF".
enum SipHash {
    static func hash(_ text: [UInt8], key: (UInt64, UInt64)) -> UInt64 {
        var v0 = key.0 ^ 0x736f_6d65_7073_6575
        var v1 = key.1 ^ 0x646f_7261_6e64_6f6d
        var v2 = key.0 ^ 0x6c79_6765_6e65_7261
        var v3 = key.1 ^ 0x7465_6462_7974_6573
        func round() {
            v0 = v0 &+ v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 = v2 &+ v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 = v0 &+ v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 = v2 &+ v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
        func take(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }
        let whole = text.count / 8 * 8
        for at in stride(from: 0, to: whole, by: 8) { take((0..<8).reduce(0) { $0 | UInt64(text[at + $1]) << UInt64(8 * $1) }) }
        var last = UInt64(truncatingIfNeeded: text.count) << 56
        for at in whole..<text.count { last |= UInt64(text[at]) << UInt64(8 * (at - whole)) }
        take(last)
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }
}
