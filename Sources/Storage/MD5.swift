package import Tensors

/// The checksum by which data sets are published: RFC 1321. It tells damage and mix-ups; against forgery it is no help.
package struct MD5: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32) = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476)
    private var count = 0
    /// Bytes that do not fill a block yet.
    private var pending: [UInt8] = []

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var rest = bytes[...]
        if !pending.isEmpty {
            let part = rest.prefix(64 - pending.count)
            pending += part
            rest = rest.dropFirst(part.count)
            guard pending.count == 64 else { return }
            pending.withUnsafeBytes { blocks($0) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = rest.count / 64 * 64
        blocks(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        pending += rest.dropFirst(whole)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// In hexadecimal, as `md5sum` prints it.
    package func digest() -> String {
        var last = self
        let bits = UInt64(truncatingIfNeeded: count) << 3
        let zeros = (119 - count % 64) % 64
        last.update([0x80] + [UInt8](repeating: 0, count: zeros) + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
        let digits = Array("0123456789abcdef")
        return [last.state.0, last.state.1, last.state.2, last.state.3].reduce(into: "") { text, word in
            for byte in 0..<4 {
                let value = Int(truncatingIfNeeded: word >> (8 * UInt32(byte))) & 0xFF
                text.append(digits[value >> 4])
                text.append(digits[value & 15])
            }
        }
    }

    package static func of(_ buffer: Buffer) -> String {
        var sum = MD5()
        buffer.withUnsafeBytes { sum.update($0) }
        return sum.digest()
    }

    /// Whole blocks of 64 bytes.
    private mutating func blocks(_ bytes: UnsafeRawBufferPointer) {
        MD5.constants.withUnsafeBufferPointer { constants in
            for start in stride(from: 0, to: bytes.count, by: 64) {
                block(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 64]), constants)
            }
        }
    }

    @inline(__always)
    private mutating func block(_ bytes: UnsafeRawBufferPointer, _ constants: UnsafeBufferPointer<UInt32>) {
        var (a, b, c, d) = state
        @inline(__always) func step(_ index: Int, _ word: Int, _ mixed: UInt32, _ turn: UInt32) {
            let value = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * word, as: UInt32.self))
            let sum = a &+ mixed &+ value &+ constants[index]
            (a, d, c, b) = (d, c, b, b &+ (sum &<< turn | sum &>> (32 &- turn)))
        }
        // Four steps at once, each with a turn of its own.
        for index in stride(from: 0, to: 16, by: 4) {
            step(index, index, (b & c) | (~b & d), 7)
            step(index + 1, index + 1, (b & c) | (~b & d), 12)
            step(index + 2, index + 2, (b & c) | (~b & d), 17)
            step(index + 3, index + 3, (b & c) | (~b & d), 22)
        }
        for index in stride(from: 16, to: 32, by: 4) {
            step(index, (5 * index + 1) & 15, (d & b) | (~d & c), 5)
            step(index + 1, (5 * index + 6) & 15, (d & b) | (~d & c), 9)
            step(index + 2, (5 * index + 11) & 15, (d & b) | (~d & c), 14)
            step(index + 3, (5 * index + 16) & 15, (d & b) | (~d & c), 20)
        }
        for index in stride(from: 32, to: 48, by: 4) {
            step(index, (3 * index + 5) & 15, b ^ c ^ d, 4)
            step(index + 1, (3 * index + 8) & 15, b ^ c ^ d, 11)
            step(index + 2, (3 * index + 11) & 15, b ^ c ^ d, 16)
            step(index + 3, (3 * index + 14) & 15, b ^ c ^ d, 23)
        }
        for index in stride(from: 48, to: 64, by: 4) {
            step(index, (7 * index) & 15, c ^ (b | ~d), 6)
            step(index + 1, (7 * index + 7) & 15, c ^ (b | ~d), 10)
            step(index + 2, (7 * index + 14) & 15, c ^ (b | ~d), 15)
            step(index + 3, (7 * index + 21) & 15, c ^ (b | ~d), 21)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d)
    }

    /// 2³² times the sines of 1 to 64, without their signs.
    private static let constants: [UInt32] = [
        0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501, 0x6980_98D8, 0x8B44_F7AF,
        0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821, 0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA,
        0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8, 0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8,
        0x676F_02D9, 0x8D2A_4C8A, 0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
        0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665, 0xF429_2244, 0x432A_FF97,
        0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1, 0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1,
        0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
    ]
}
