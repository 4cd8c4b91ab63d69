internal import Tensors

/// The first look at a file's bytes: is this HDF5, and is all of it here?
enum HDF5Signature {
    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Where the superblock is.
    ///
    /// - Throws: a `malformed` problem that says what the bytes are instead, or how much of them is missing.
    static func check(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        guard let start = find(in: bytes) else {
            throw KerasError(
                .malformed, "this is not an HDF5 file", found: what(bytes), expected: "HDF5's signature at byte 0, 512, 1024, 2048, …")
        }
        guard let end = endOfFile(bytes, superblock: start) else {
            throw KerasError(.malformed, "the file is cut short", found: "\(bytes.count) bytes, less than its header")
        }
        guard end <= UInt64(bytes.count) else {
            throw KerasError(.malformed, "the file is cut short: \(bytes.count) of \(end) bytes")
        }
        return start
    }

    /// Where the signature is: at 0, or behind a user block of 512 bytes or a power of two times that.
    private static func find(in bytes: UnsafeRawBufferPointer) -> Int? {
        var offset = 0
        while offset <= bytes.count - signature.count {
            if bytes[offset..<offset + signature.count].elementsEqual(signature) { return offset }
            offset = offset == 0 ? 512 : offset * 2
        }
        return nil
    }

    /// Where the file says it ends; nil if the superblock is incomplete. What is wrong in other ways the library says better.
    static func endOfFile(_ bytes: UnsafeRawBufferPointer, superblock: Int) -> UInt64? {
        func number(at offset: Int, size: Int) -> UInt64? {
            guard superblock + offset + size <= bytes.count else { return nil }
            // Wider numbers than 8 bytes are valid and never written; cut, they only fail to be compared.
            return (0..<min(size, 8)).reversed().reduce(0) { $0 << 8 | UInt64(bytes[superblock + offset + $1]) }
        }
        guard let version = number(at: 8, size: 1) else { return nil }
        let sizePosition = version < 2 ? 13 : 9
        let addresses: Int
        switch version {
        case 0: addresses = 24
        case 1: addresses = 28
        default: addresses = 12
        }
        guard let width = number(at: sizePosition, size: 1).map(Int.init),
            let base = number(at: addresses, size: width),
            let end = number(at: addresses + 2 * width, size: width)
        else { return nil }
        // The base address is wrong, and counted from differently, when somebody has put a user block before the file or taken it away.
        return end &- base &+ UInt64(superblock)
    }

    /// What stands there instead, for those who downloaded the wrong thing.
    private static func what(_ bytes: UnsafeRawBufferPointer) -> String {
        func starts(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
        if bytes.isEmpty { return "an empty file" }
        if bytes.count < signature.count && signature.starts(with: bytes) { return "its first \(bytes.count) bytes only" }
        if starts("PK\u{3}\u{4}") { return "a ZIP archive (a .keras or .npz file?)" }
        if starts("version https://git-lfs") { return "a Git LFS pointer, which stands for a file that was not downloaded" }
        if bytes.starts(with: [0x93] + Array("NUMPY".utf8)) { return "a NumPy .npy file" }
        if bytes.count > 1 && bytes[0] == 0x80 && (2...5).contains(bytes[1]) { return "a Python pickle" }
        if bytes.starts(with: [0x1F, 0x8B]) { return "a gzip file" }
        // A ModelProto's first fields: `ir_version`, `producer_name`.
        if bytes.count > 2 && bytes[0] == 0x08 && bytes[1] < 0x20 && bytes[2] == 0x12 { return "a protobuf message (an ONNX model?)" }
        if starts("\u{E}\u{3}\u{13}\u{1}") { return "an HDF4 file" }
        let text = bytes.prefix(256).drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        if text.first == UInt8(ascii: "<") { return "an HTML or XML page" }
        if text.first == UInt8(ascii: "{") { return "JSON text" }
        if bytes.prefix(512).allSatisfy({ $0 == 0 }) { return "zeros" }
        let digits = Array("0123456789abcdef")
        return "the bytes " + bytes.prefix(8).map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined(separator: " ")
    }
}
