/// FarmHash's 64-bit fingerprint of bytes, the same on every machine: what TensorFlow puts text into buckets by.
/// Source: google/farmhash, `farmhashna::Hash64`.
enum FarmHash {
    private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
    private static let k1: UInt64 = 0xb492_b66f_be98_f273
    private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f

    static func fingerprint(_ text: [UInt8]) -> UInt64 {
        switch text.count {
        case ...16: upTo16(text)
        case ...32: upTo32(text)
        case ...64: upTo64(text)
        default: long(text)
        }
    }

    private static func fetch(_ text: [UInt8], _ at: Int, _ count: Int = 8) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(text[at + $1]) << UInt64(8 * $1) }
    }

    private static func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value >> by | value << (64 - by) }
    private static func mix(_ value: UInt64) -> UInt64 { value ^ value >> 47 }

    private static func join(_ u: UInt64, _ v: UInt64, _ mul: UInt64) -> UInt64 {
        let a = mix((u ^ v) &* mul)
        return mix((v ^ a) &* mul) &* mul
    }

    private static func upTo16(_ s: [UInt8]) -> UInt64 {
        let count = s.count
        let mul = k2 &+ UInt64(count) &* 2
        if count >= 8 {
            let (a, b) = (fetch(s, 0) &+ k2, fetch(s, count - 8))
            return join(rotate(b, 37) &* mul &+ a, (rotate(a, 25) &+ b) &* mul, mul)
        }
        if count >= 4 { return join(UInt64(count) &+ fetch(s, 0, 4) << 3, fetch(s, count - 4, 4), mul) }
        guard count > 0 else { return k2 }
        let y = UInt64(s[0]) &+ UInt64(s[count >> 1]) << 8
        let z = UInt64(count) &+ UInt64(s[count - 1]) << 2
        return mix(y &* k2 ^ z &* k0) &* k2
    }

    private static func upTo32(_ s: [UInt8]) -> UInt64 {
        let count = s.count
        let mul = k2 &+ UInt64(count) &* 2
        let (a, b) = (fetch(s, 0) &* k1, fetch(s, 8))
        let (c, d) = (fetch(s, count - 8) &* mul, fetch(s, count - 16) &* k2)
        return join(rotate(a &+ b, 43) &+ rotate(c, 30) &+ d, a &+ rotate(b &+ k2, 18) &+ c, mul)
    }

    private static func upTo64(_ s: [UInt8]) -> UInt64 {
        let count = s.count
        let mul = k2 &+ UInt64(count) &* 2
        let (a, b) = (fetch(s, 0) &* k2, fetch(s, 8))
        let (c, d) = (fetch(s, count - 8) &* mul, fetch(s, count - 16) &* k2)
        let y = rotate(a &+ b, 43) &+ rotate(c, 30) &+ d
        let z = join(y, a &+ rotate(b &+ k2, 18) &+ c, mul)
        let (e, f) = (fetch(s, 16) &* mul, fetch(s, 24))
        let g = (y &+ fetch(s, count - 32)) &* mul
        let h = (z &+ fetch(s, count - 24)) &* mul
        return join(rotate(e &+ f, 43) &+ rotate(g, 30) &+ h, e &+ rotate(f &+ a, 18) &+ g, mul)
    }

    private static func weak(_ s: [UInt8], _ at: Int, _ a: UInt64, _ b: UInt64) -> (UInt64, UInt64) {
        let (w, x, y, z) = (fetch(s, at), fetch(s, at + 8), fetch(s, at + 16), fetch(s, at + 24))
        let first = a &+ w
        let second = rotate(b &+ first &+ z, 21)
        let sum = first &+ x &+ y
        return (sum &+ z, second &+ rotate(sum, 44) &+ first)
    }

    private static func long(_ s: [UInt8]) -> UInt64 {
        var y: UInt64 = 81 &* k1 &+ 113
        var z = mix(y &* k2 &+ 113) &* k2
        var (v, w): ((UInt64, UInt64), (UInt64, UInt64)) = ((0, 0), (0, 0))
        var x: UInt64 = 81 &* k2 &+ fetch(s, 0)
        func round(_ at: Int, _ mul: UInt64, _ times: UInt64) {
            x = rotate(x &+ y &+ v.0 &+ fetch(s, at + 8), 37) &* mul
            y = rotate(y &+ v.1 &+ fetch(s, at + 48), 42) &* mul
            x ^= w.1 &* times
            y = y &+ v.0 &* times &+ fetch(s, at + 40)
            z = rotate(z &+ w.0, 33) &* mul
            v = weak(s, at, v.1 &* mul, x &+ w.0)
            w = weak(s, at + 32, z &+ w.1, y &+ fetch(s, at + 16))
            (z, x) = (x, z)
        }
        let end = (s.count - 1) / 64 * 64
        for at in stride(from: 0, to: end, by: 64) { round(at, k1, 1) }
        let mul = k1 &+ (z & 0xff) << 1
        w.0 = w.0 &+ UInt64((s.count - 1) & 63)
        v.0 = v.0 &+ w.0
        w.0 = w.0 &+ v.0
        round(s.count - 64, mul, 9)
        return join(join(v.0, w.0, mul) &+ mix(y) &* k0 &+ z, join(v.1, w.1, mul) &+ x, mul)
    }

    /// Two fingerprints as one. Source: TensorFlow, `FingerprintCat64`.
    static func joined(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let mul: UInt64 = 0xc6a4_a793_5bd1_e995
        let result = (first ^ mul ^ mix(second &* mul) &* mul) &* mul
        return mix(mix(result) &* mul)
    }
}
