import Storage
import Tensors

/// A Protocol Buffers message while it is written: fields one after another, large arrays left where they are. Source: the encoding's
/// description at protobuf.dev.
struct ProtobufMessage {
    private enum Piece {
        case bytes([UInt8])
        case elements(Tensor)
    }

    private var pieces: [Piece] = []
    private(set) var count = 0

    /// Wire types.
    private static let (varint, lengthDelimited, fixed32) = (0, 2, 5)

    private mutating func append(_ bytes: [UInt8]) {
        count += bytes.count
        if case .bytes(let last)? = pieces.last {
            pieces[pieces.count - 1] = .bytes([])
            pieces[pieces.count - 1] = .bytes(last + bytes)
        } else {
            pieces.append(.bytes(bytes))
        }
    }

    /// Seven bits a byte, the lowest first; a negative number is written as the 64-bit one of the same bits.
    private static func varint(_ value: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64(value))
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func tag(_ field: Int, _ wire: Int) -> [UInt8] { varint(field << 3 | wire) }

    mutating func add(_ field: Int, _ value: Int) { append(Self.tag(field, Self.varint) + Self.varint(value)) }

    mutating func add(_ field: Int, _ value: Float) {
        let bits = value.bitPattern
        append(Self.tag(field, Self.fixed32) + (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
    }

    mutating func add(_ field: Int, _ text: String) {
        append(Self.tag(field, Self.lengthDelimited) + Self.varint(text.utf8.count) + text.utf8)
    }

    mutating func add(_ field: Int, _ message: ProtobufMessage) {
        append(Self.tag(field, Self.lengthDelimited) + Self.varint(message.count))
        for piece in message.pieces {
            switch piece {
            case .bytes(let bytes): append(bytes)
            case .elements(let tensor): append(tensor)
            }
        }
    }

    /// The bytes of a contiguous tensor.
    mutating func add(_ field: Int, elements tensor: Tensor) {
        append(Self.tag(field, Self.lengthDelimited) + Self.varint(tensor.byteCount))
        append(tensor)
    }

    private mutating func append(_ tensor: Tensor) {
        pieces.append(.elements(tensor))
        count += tensor.byteCount
    }

    /// - Throws: a `resource` problem when memory is refused.
    func encoded() throws -> ByteRope {
        try pieces.reduce(into: ByteRope()) { rope, piece in
            switch piece {
            case .bytes(let bytes): rope.append(try ByteRope(bytes))
            case .elements(let tensor): rope.append(tensor)
            }
        }
    }
}
