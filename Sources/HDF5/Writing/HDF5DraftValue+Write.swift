internal import CHDF5
internal import Tensors

extension HDF5DraftValue {
    /// Bytes of its value in an object header.
    var headerBytes: Int {
        switch self {
        case .text, .unicode: 16
        case .texts(let list): 16 * list.count
        case .names(let list): list.count * list.reduce(0) { max($0, $1.utf8.count) }
        case .tensor(let tensor): tensor.byteCount
        }
    }

    /// H5Acreate2, H5Awrite. Inside the lock only.
    func write(_ name: String, to object: Int64) throws {
        try KerasError.placing(Place(key: name)) {
            switch self {
            case .text(let text): try HDF5DraftValue.write(name, to: object, texts: [text], isUnicode: false, isScalar: true)
            case .unicode(let text): try HDF5DraftValue.write(name, to: object, texts: [text], isUnicode: true, isScalar: true)
            case .texts(let list): try HDF5DraftValue.write(name, to: object, texts: list, isUnicode: false, isScalar: false)
            case .names(let list): try HDF5DraftValue.write(name, to: object, names: list)
            case .tensor(let tensor): try HDF5DraftValue.write(name, to: object, tensor: tensor.contiguous())
            }
        }
    }

    private static let sentence = "the attribute cannot be written"

    /// A C string ends at its first NUL, and a padded one loses those at its end.
    private static func check(_ text: String) throws {
        guard !text.utf8.contains(0) else { throw KerasError(.unsupported, "text with a NUL character cannot stand in an HDF5 attribute") }
    }

    private static func write(_ name: String, to object: Int64, texts: [String], isUnicode: Bool, isScalar: Bool) throws {
        for text in texts { try check(text) }
        let type = try Handle(sentence, close: H5Tclose, ch5_variable_text(isUnicode ? 1 : 0))
        let space = try Handle(sentence, close: H5Sclose, isScalar ? H5Screate(H5S_SCALAR) : list(texts.count))
        // One run of bytes with a NUL after each text, and where each begins in it.
        var bytes: [CChar] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            bytes += text.utf8.map { CChar(bitPattern: $0) } + [0]
        }
        let status = bytes.withUnsafeBufferPointer { bytes in
            starts.map { bytes.baseAddress! + $0 }.withUnsafeBufferPointer { write(name, to: object, type.id, space.id, $0.baseAddress) }
        }
        try HDF5Library.check(status, sentence)
    }

    private static func write(_ name: String, to object: Int64, names: [String]) throws {
        guard !names.isEmpty else { return try write(name, to: object, tensor: try Tensor(zeros: [0], dtype: .float64)) }
        for name in names { try check(name) }
        let width = max(names.reduce(0) { max($0, $1.utf8.count) }, 1)
        let type = try HDF5Datatype.fileType(.bytes(width))
        let space = try Handle(sentence, close: H5Sclose, list(names.count))
        var bytes = [UInt8](repeating: 0, count: width * names.count)
        for (index, name) in names.enumerated() { bytes.replaceSubrange(index * width..<index * width + name.utf8.count, with: name.utf8) }
        try HDF5Library.check(bytes.withUnsafeBytes { write(name, to: object, type.id, space.id, $0.baseAddress) }, sentence)
    }

    private static func write(_ name: String, to object: Int64, tensor: Tensor) throws {
        let type = try HDF5Datatype.fileType(tensor.dtype)
        let dims = tensor.shape.dims.map { hsize_t($0) }
        let space = try Handle(
            sentence, close: H5Sclose,
            dims.isEmpty ? H5Screate(H5S_SCALAR) : dims.withUnsafeBufferPointer { H5Screate_simple(Int32($0.count), $0.baseAddress, nil) })
        try HDF5Library.check(tensor.withUnsafeBytes { write(name, to: object, type.id, space.id, $0.baseAddress) }, sentence)
    }

    private static func list(_ count: Int) -> Int64 {
        var length = hsize_t(count)
        return H5Screate_simple(1, &length, nil)
    }

    private static func write(_ name: String, to object: Int64, _ type: Int64, _ space: Int64, _ value: UnsafeRawPointer?) -> Int32 {
        let attribute = H5Acreate2(object, name, type, space, ch5_default(), ch5_default())
        guard attribute >= 0 else { return -1 }
        let status = H5Awrite(attribute, type, value)
        return H5Aclose(attribute) < 0 ? -1 : status
    }
}

extension HDF5Datatype {
    /// The type that elements have in a file we write: this machine's byte order, h5py's forms for truth values and half precision.
    ///
    /// - Throws: `unsupported` for elements that have none.
    static func fileType(_ dtype: DType) throws -> Handle {
        let sentence = "an element type cannot be made"
        let id: Int64
        switch dtype {
        case .bool: id = ch5_boolean()
        case .int8: id = ch5_integer(1, 1)
        case .int16: id = ch5_integer(2, 1)
        case .int32: id = ch5_integer(4, 1)
        case .int64: id = ch5_integer(8, 1)
        case .uint8: id = ch5_integer(1, 0)
        case .uint16: id = ch5_integer(2, 0)
        case .uint32: id = ch5_integer(4, 0)
        case .uint64: id = ch5_integer(8, 0)
        case .float16: id = ch5_half()
        case .float32: id = ch5_float(4)
        case .float64: id = ch5_float(8)
        // Keras 3's form: two bytes without a meaning of HDF5's.
        case .bfloat16: id = ch5_opaque(2)
        case .bytes(let count) where count > 0: id = ch5_fixed_text(count)
        case .bytes, .unicode, .complex64, .complex128, .void, .datetime64, .timedelta64, .structured:
            throw KerasError(.unsupported, "elements of this type are not written to HDF5", found: "\(dtype)")
        }
        return try Handle(sentence, close: H5Tclose, id)
    }
}
