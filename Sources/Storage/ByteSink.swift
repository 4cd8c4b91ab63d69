internal import Tensors

/// Where the bytes of a file go, from first to last.
package protocol ByteSink: AnyObject {
    /// Bytes written so far.
    var position: Int { get }

    func write(_ bytes: UnsafeRawBufferPointer) throws

    /// Writes other bytes over those that one call wrote at `offset`.
    func rewrite(_ bytes: [UInt8], at offset: Int) throws
}

extension ByteSink {
    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }
}

/// A file that stays in memory.
package final class RopeSink: ByteSink {
    package private(set) var rope = ByteRope()
    /// Bytes that are kept as they are, and so are not copied when they come by.
    private var kept = false

    package init() {}

    package var position: Int { rope.count }

    /// Copies the bytes.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        if !kept { rope.append(try Buffer.copy(of: Array(bytes))) }
    }

    package func rewrite(_ bytes: [UInt8], at offset: Int) throws { try rope.replaceRun(at: offset, with: bytes) }

    /// Takes what `body` writes, which is `content`, by reference.
    func keeping(_ content: ByteRope, _ body: () throws -> Void) rethrows {
        kept = true
        defer { kept = false }
        try body()
        rope.append(content)
    }
}
