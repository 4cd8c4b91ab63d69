import JSON
import Tensors

/// A node of a graph in Protocol Buffers' bytes, as the first TensorFlowOpLayers have it in a string, in the words of the later ones.
/// Source: `tensorflow/core/framework/node_def.proto` and `attr_value.proto`.
struct NodeDefinition {
    private var bytes: ArraySlice<UInt8>

    /// `{"name": …, "op": …, "attr": {…}}`.
    ///
    /// - Throws: `malformed` for what is no such message.
    static func json(_ text: String) throws -> JSON {
        var reader = NodeDefinition(bytes: Array(text.utf8)[...])
        var node: JSONObject = [:]
        var attributes: JSONObject = [:]
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let name)): node["name"] = .string(String(decoding: name, as: UTF8.self))
            case (2, .bytes(let op)): node["op"] = .string(String(decoding: op, as: UTF8.self))
            case (5, .bytes(let entry)):
                var parts = NodeDefinition(bytes: entry)
                var (name, value): (String?, JSON?)
                while let (field, part) = try parts.next() {
                    guard case .bytes(let content) = part else { continue }
                    if field == 1 { name = String(decoding: content, as: UTF8.self) } else { value = try attribute(content) }
                }
                if let name, let value { attributes[name] = value }
            default: break
            }
        }
        guard node["op"] != nil else { throw malformed("a node without an operation") }
        node["attr"] = .object(attributes)
        return .object(node)
    }

    /// `{"b": true}`, `{"i": 3}`, `{"list": {"i": […]}}`; nil for a kind that no operation here has.
    private static func attribute(_ bytes: ArraySlice<UInt8>) throws -> JSON? {
        var reader = NodeDefinition(bytes: bytes)
        guard let (field, value) = try reader.next() else { return nil }
        if field == 1, case .bytes(let content) = value {
            var items = NodeDefinition(bytes: content)
            var (kind, list): (String, [JSON]) = ("i", [])
            while let (field, item) = try items.next() {
                guard let (word, values) = try plain(field, item, isListed: true) else { return nil }
                (kind, list) = (word, list + values)
            }
            return ["list": .object([kind: .array(list)])]
        }
        return try plain(field, value, isListed: false).flatMap { kind, values in values.first.map { .object([kind: $0]) } }
    }

    private static func plain(_ field: Int, _ value: Value, isListed: Bool) throws -> (kind: String, values: [JSON])? {
        func integer(_ bits: UInt64) -> JSON { .integer(Int(truncatingIfNeeded: bits)) }
        switch (field, value) {
        case (2, .bytes(let text)): return ("text", [.string(String(decoding: text, as: UTF8.self))])
        case (3, .number(let bits)): return ("i", [integer(bits)])
        case (4, .single(let bits)): return ("f", [.float(Double(Float(bitPattern: bits)))])
        case (5, .number(let bits)): return ("b", [.bool(bits != 0)])
        case (6, .number(let bits)): return ("type", [types[bits].map { .string("DT_" + $0) } ?? integer(bits)])
        case (3, .bytes(let packed)) where isListed:
            var reader = NodeDefinition(bytes: packed)
            var numbers: [JSON] = []
            while !reader.bytes.isEmpty { numbers.append(integer(try reader.varint())) }
            return ("i", numbers)
        default: return nil
        }
    }

    /// `tensorflow/core/framework/types.proto`.
    private static let types: [UInt64: String] = [
        1: "FLOAT", 2: "DOUBLE", 3: "INT32", 4: "UINT8", 5: "INT16", 6: "INT8", 7: "STRING", 9: "INT64", 10: "BOOL", 14: "BFLOAT16",
        19: "HALF",
    ]

    private enum Value {
        case number(UInt64)
        case single(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    /// The next field, and what it holds; nil at the end.
    private mutating func next() throws -> (field: Int, value: Value)? {
        guard !bytes.isEmpty else { return nil }
        let tag = try varint()
        let field = Int(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .bytes(try take(8)))
        case 2: return (field, .bytes(try take(try varint())))
        case 5: return (field, .single(try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }))
        default: throw NodeDefinition.malformed("a field of an unknown kind")
        }
    }

    private mutating func varint() throws -> UInt64 {
        var (number, shift): (UInt64, UInt64) = (0, 0)
        while let byte = bytes.popFirst() {
            number |= UInt64(byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 == 0 { return number }
            if shift > 63 { break }
        }
        throw NodeDefinition.malformed("a number that does not end")
    }

    private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count) else { throw NodeDefinition.malformed("a field that is longer than its message") }
        defer { bytes = bytes.dropFirst(Int(count)) }
        return bytes.prefix(Int(count))
    }

    private static func malformed(_ found: String) -> KerasError {
        KerasError(.malformed, "a node of a graph cannot be read", at: Place(key: "node_def"), found: found)
    }
}
