internal import Storage
internal import Tensors

/// A pickle's bytes, read from front to back, each read checked to lie inside.
struct PickleReader {
    let source: Buffer
    private(set) var position = 0

    init(_ source: Buffer) { self.source = source }

    var rest: Int { source.count - position }

    private func tooShort(_ count: Int) -> KerasError {
        KerasError(.malformed, "the pickle ends too early", found: "\(rest) bytes", expected: "\(count)")
    }

    mutating func byte() throws -> UInt8 {
        guard position < source.count else { throw tooShort(1) }
        defer { position += 1 }
        return source.bytes[position]
    }

    /// A little-endian integer.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        let size = MemoryLayout<T>.size
        guard size <= rest else { throw tooShort(size) }
        defer { position += size }
        return source.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: T.self)) }
    }

    /// The float of `BINFLOAT`, the one thing that is big-endian.
    mutating func bigEndianDouble() throws -> Double { Double(bitPattern: try integer(UInt64.self).byteSwapped) }

    /// Where the next `count` bytes are.
    mutating func range(_ count: UInt64) throws -> Range<Int> {
        guard count <= UInt64(rest) else { throw tooShort(Int(clamping: count)) }
        defer { position += Int(count) }
        return position..<position + Int(count)
    }

    /// The line that begins here, without its end; of any length unless `limit` is given.
    mutating func line(limit: Int? = nil) throws -> Range<Int> {
        let start = position
        while position < source.count {
            if source.bytes[position] == 0x0A {
                defer { position += 1 }
                return start..<position
            }
            position += 1
            if let limit, position - start > limit {
                throw KerasError(
                    .resource, "a line of a pickle is too long", found: "more than \(limit) bytes", expected: "a number or a name")
            }
        }
        throw tooShort(1)
    }

    /// A short line of text.
    mutating func shortLine(limit: Int) throws -> String { try text(try line(limit: limit)) }

    /// The UTF-8 text there.
    ///
    /// - Throws: a `malformed` problem for bytes that are none; `unsupported` for the halves of characters that only Python keeps.
    func text(_ range: Range<Int>) throws -> String {
        try source.withUnsafeBytes { try PickleText.utf8(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
