import JSON
import Storage
import Tensors

/// A `.safetensors` file: named arrays one after another, behind a JSON header that says where each lies.
///
///     header's length   8 bytes, little-endian
///     header            {"__metadata__": {"key": "text", …}, "name": {"dtype": "F32", "shape": […], "data_offsets": [begin, end]}, …}
///     arrays            row-major, little-endian, without gaps
///
/// Source: the format's description in the README of huggingface/safetensors.
package struct Safetensors: Sendable {
    /// Texts by key. Source: `__metadata__`.
    package var metadata: [(key: String, value: String)]
    /// In the order they lie in the file.
    package var tensors: [(name: String, tensor: Tensor)]

    package init(metadata: [(key: String, value: String)] = [], tensors: [(name: String, tensor: Tensor)]) {
        self.metadata = metadata
        self.tensors = tensors
    }

    static let metadataKey = "__metadata__"

    private static let dtypes: [(name: String, dtype: DType)] = [
        ("BOOL", .bool), ("U8", .uint8), ("I8", .int8), ("U16", .uint16), ("I16", .int16), ("F16", .float16), ("BF16", .bfloat16),
        ("U32", .uint32), ("I32", .int32), ("F32", .float32), ("C64", .complex64), ("F64", .float64), ("I64", .int64), ("U64", .uint64),
    ]

    /// True if the bytes begin as such a file does: no other kind has a brace there behind a length that fits.
    package static func sniff(_ bytes: Buffer) -> Bool {
        guard bytes.count >= 10, let length = try? ByteReader(bytes).uint64(at: 0), length >= 2, length <= bytes.count - 8 else {
            return false
        }
        return bytes.withUnsafeBytes { $0[8] } == UInt8(ascii: "{")
    }
}

// MARK: Reading

extension Safetensors {
    /// Reads a file; its arrays are views of `bytes`. Every byte must belong to one array alone, as the format demands.
    ///
    /// - Throws: `malformed` for what is no such file, `unsupported` for element types such as `F8_E4M3`, `resource` for a header beyond
    ///   `JSON.maximumByteCount` (the format's own limit is 100 MB).
    package init(_ bytes: Buffer) throws {
        let reader = ByteReader(bytes)
        let length = try reader.uint64(at: 0)
        guard length <= bytes.count - 8 else {
            throw KerasError(
                .malformed, "the header is longer than the file", at: Place(offset: 0), found: "\(length) bytes",
                expected: "at most \(bytes.count - 8)")
        }
        guard length <= JSON.maximumByteCount else {
            throw KerasError(.resource, "the header is too long", found: "\(length) bytes", expected: "at most \(JSON.maximumByteCount)")
        }
        let text = try reader.bytes(at: 8, count: length)
        guard text.first == UInt8(ascii: "{") else { throw KerasError(.malformed, "the header is no JSON object", at: Place(offset: 8)) }
        let json = try KerasError.placing(Place(object: "header")) { try JSON(parsing: text) }
        metadata = []
        tensors = []
        var entries: [(name: String, dtype: DType, shape: Shape, range: Range<Int>)] = []
        var problems = ProblemList()
        for (name, value) in json.object ?? [:] {
            if name == Safetensors.metadataKey {
                problems.attempt(at: Place(object: name)) { metadata = try Safetensors.texts(value) }
            } else {
                problems.attempt(at: Place(object: name)) {
                    let (dtype, shape, range) = try Safetensors.entry(value, count: bytes.count - 8 - length)
                    entries.append((name, dtype, shape, range))
                }
            }
        }
        try problems.throwIfAny()
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else {
                throw KerasError(
                    .malformed, "an array does not begin where the one before it ends", at: Place(object: entry.name),
                    found: "byte \(entry.range.lowerBound)", expected: "byte \(end)")
            }
            end = entry.range.upperBound
            let view = bytes.view(8 + length + entry.range.lowerBound..<8 + length + end)
            tensors.append((entry.name, Tensor(dtype: entry.dtype, shape: entry.shape, buffer: view)))
        }
        guard end == bytes.count - 8 - length else {
            throw KerasError(
                .malformed, "bytes after the last array belong to none", found: "\(bytes.count - 8 - length - end) bytes",
                expected: "none")
        }
    }

    private static func texts(_ json: JSON) throws -> [(key: String, value: String)] {
        guard let object = json.object else {
            throw KerasError(.malformed, "the metadata is not what it must be", found: json.summary, expected: "an object of texts")
        }
        return try object.map { key, value in
            guard let text = value.string else {
                throw KerasError(
                    .malformed, "a value of the metadata is not what it must be", at: Place(key: key), found: value.summary,
                    expected: "a text")
            }
            return (key, text)
        }
    }

    private static func entry(_ json: JSON, count: Int) throws -> (DType, Shape, Range<Int>) {
        guard let object = json.object, object.count == 3, let name = object["dtype"]?.string, let lengths = object["shape"]?.array,
            let offsets = object["data_offsets"]?.array
        else {
            throw KerasError(
                .malformed, "an array's entry is not what it must be", found: json.summary,
                expected: "an object with 'dtype', 'shape' and 'data_offsets'")
        }
        guard let dtype = dtypes.first(where: { $0.name == name })?.dtype else {
            throw KerasError(
                .unsupported, "elements of this type are not read", at: Place(key: "dtype"), found: "'\(name)'",
                expected: dtypes.map(\.name).joined(separator: ", "))
        }
        let dims = lengths.compactMap(\.integer)
        guard dims.count == lengths.count else { throw KerasError(.malformed, "a shape's length is no integer", at: Place(key: "shape")) }
        let shape = try KerasError.placing(Place(key: "shape")) { try Shape(checking: dims) }
        guard offsets.count == 2, let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0, begin <= end, end <= count
        else {
            throw KerasError(
                .malformed, "an array does not lie in the file", at: Place(key: "data_offsets"), found: JSON.array(offsets).serialized(),
                expected: "bytes 0 to \(count)")
        }
        guard end - begin == shape.count * dtype.size else {
            throw KerasError(
                .malformed, "an array's bytes do not fill its shape", found: "\(end - begin) bytes",
                expected: "\(shape.count * dtype.size) for \(shape) of \(name)")
        }
        return (dtype, shape, begin..<end)
    }
}

// MARK: Writing

extension Safetensors {
    /// The file's bytes, the arrays left where they are. The same content gives the same bytes: arrays with large elements come
    /// first, so that each is aligned, and among those of one size by name, as the format's own library lays them out.
    ///
    /// - Throws: `unsupported` for an element type the format does not have, `mismatch` for a name that is given twice or is not free.
    package func encoded() throws -> ByteRope {
        var header = JSONObject()
        if !metadata.isEmpty { header[Safetensors.metadataKey] = .object(JSONObject(metadata.map { ($0.key, .string($0.value)) })) }
        var arrays = ByteRope()
        var position = 0
        let ordered = tensors.sorted { ($1.tensor.dtype.size, $0.name) < ($0.tensor.dtype.size, $1.name) }
        for (name, tensor) in ordered {
            guard let dtype = Safetensors.dtypes.first(where: { $0.dtype == tensor.dtype })?.name else {
                throw KerasError(.unsupported, "safetensors has no such element type", at: Place(object: name), found: "\(tensor.dtype)")
            }
            guard name != Safetensors.metadataKey, !header.contains(name) else {
                throw KerasError(.mismatch, "two arrays would have one name", found: "'\(name)'")
            }
            let elements = try tensor.contiguous()
            header[name] = [
                "dtype": .string(dtype), "shape": .array(tensor.shape.dims.map(JSON.integer)),
                "data_offsets": [.integer(position), .integer(position + elements.byteCount)],
            ]
            arrays.append(elements)
            position += elements.byteCount
        }
        var text = Array(JSON.object(header).serialized(.compact).utf8)
        text += repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        guard text.count <= JSON.maximumByteCount else {
            throw KerasError(
                .resource, "the header is too long", found: "\(text.count) bytes", expected: "at most \(JSON.maximumByteCount)")
        }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        var rope = try ByteRope(length + text)
        rope.append(arrays)
        return rope
    }
}
