internal import CHDF5
package import Tensors

/// What the elements of a dataset or an attribute are.
///
/// The library never converts them: it hands out the file's bytes, and byte order is ours to set right.
package struct HDF5Datatype: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case numbers(DType)
        case fixedText(Padding)
        case variableText
        /// Bytes without a meaning of HDF5's.
        case opaque
        /// What this library does not read, in words.
        case other(String)
    }

    /// How fixed-length text that is shorter than its field ends.
    package enum Padding: Sendable, Hashable {
        case nullTerminated, nullPadded, spacePadded
    }

    package var kind: Kind
    /// Bytes of one element in memory; for text of variable length, of a pointer.
    package let size: Int
    /// True if the file's byte order is not this machine's.
    let isSwapped: Bool

    /// The element type a tensor would have; nil for text of variable length and for what is not read.
    package var dtype: DType? {
        switch kind {
        case .numbers(let dtype): dtype
        case .fixedText: .bytes(size)
        case .variableText, .opaque, .other: nil
        }
    }

    package var isText: Bool {
        switch kind {
        case .fixedText, .variableText: true
        default: false
        }
    }

    package var description: String {
        switch kind {
        case .numbers(let dtype): "\(dtype)"
        case .fixedText: "text of \(size) bytes"
        case .variableText: "text"
        case .opaque: "opaque elements of \(size) bytes"
        case .other(let words): words
        }
    }

    /// H5Tget_class and its companions.
    init(_ type: Int64) throws {
        size = Int(H5Tget_size(type))
        guard size > 0 else { throw HDF5Library.failure("an element type cannot be read") }
        let order = H5Tget_order(type)
        isSwapped = order == (1.littleEndian == 1 ? H5T_ORDER_BE : H5T_ORDER_LE)
        H5Eclear2(ch5_error_stack())
        kind = try HDF5Datatype.kind(of: type, size: size)
    }

    private static func kind(of type: Int64, size: Int) throws -> Kind {
        switch H5Tget_class(type) {
        case H5T_INTEGER:
            return integer(type, size: size).map(Kind.numbers) ?? .other("integers of an uncommon layout")
        case H5T_FLOAT:
            return float(type, size: size).map(Kind.numbers) ?? .other("floating-point numbers of an uncommon layout")
        case H5T_ENUM:
            let base = try Handle("an enumeration's base type cannot be read", close: H5Tclose, H5Tget_super(type))
            if size == 1, isBoolean(type) { return .numbers(.bool) }
            return integer(base.id, size: size).map(Kind.numbers) ?? .other("enumerated values of an uncommon layout")
        case H5T_STRING:
            if try HDF5Library.check(H5Tis_variable_str(type), "a text type cannot be read") > 0 { return .variableText }
            switch H5Tget_strpad(type) {
            case H5T_STR_NULLTERM: return .fixedText(.nullTerminated)
            case H5T_STR_NULLPAD: return .fixedText(.nullPadded)
            case H5T_STR_SPACEPAD: return .fixedText(.spacePadded)
            default: return .other("text of an unknown padding")
            }
        case H5T_OPAQUE: return .opaque
        case H5T_COMPOUND: return .other("compound elements")
        case H5T_REFERENCE: return .other("references")
        case H5T_VLEN: return .other("sequences of variable length")
        case H5T_ARRAY: return .other("array elements")
        case H5T_BITFIELD: return .other("bit fields")
        case H5T_TIME: return .other("times")
        default: throw HDF5Library.failure("an element type cannot be read")
        }
    }

    private static func integer(_ type: Int64, size: Int) -> DType? {
        guard hasCommonOrder(type), H5Tget_precision(type) == 8 * size, H5Tget_offset(type) == 0 else { return nil }
        let isSigned = H5Tget_sign(type) == H5T_SGN_2
        switch size {
        case 1: return isSigned ? .int8 : .uint8
        case 2: return isSigned ? .int16 : .uint16
        case 4: return isSigned ? .int32 : .uint32
        case 8: return isSigned ? .int64 : .uint64
        default: return nil
        }
    }

    /// IEEE's formats, and bfloat16 where it is written as a number.
    private static func float(_ type: Int64, size: Int) -> DType? {
        guard hasCommonOrder(type), H5Tget_precision(type) == 8 * size, H5Tget_offset(type) == 0, H5Tget_norm(type) == H5T_NORM_IMPLIED
        else {
            return nil
        }
        var (sign, exponent, exponentBits, fraction, fractionBits) = (0, 0, 0, 0, 0)
        guard H5Tget_fields(type, &sign, &exponent, &exponentBits, &fraction, &fractionBits) >= 0 else { return nil }
        switch [sign, exponent, exponentBits, fraction, fractionBits, Int(H5Tget_ebias(type))] {
        case [15, 10, 5, 0, 10, 15]: return .float16
        case [15, 7, 8, 0, 7, 127]: return .bfloat16
        case [31, 23, 8, 0, 23, 127]: return .float32
        case [63, 52, 11, 0, 52, 1023]: return .float64
        default: return nil
        }
    }

    private static func hasCommonOrder(_ type: Int64) -> Bool {
        let order = H5Tget_order(type)
        return order == H5T_ORDER_LE || order == H5T_ORDER_BE
    }

    /// h5py's truth values: an enumeration of FALSE = 0 and TRUE = 1. H5Tget_nmembers, H5Tenum_valueof
    private static func isBoolean(_ type: Int64) -> Bool {
        guard H5Tget_nmembers(type) == 2 else { return false }
        var values: [UInt8] = [9, 9]
        let found = H5Tenum_valueof(type, "FALSE", &values[0]) >= 0 && H5Tenum_valueof(type, "TRUE", &values[1]) >= 0
        H5Eclear2(ch5_error_stack())
        return found && values == [0, 1]
    }
}

extension HDF5Datatype {
    /// Elements that stand in `buffer` as the file has them. They stay there, in view, unless they must be changed.
    ///
    /// - Throws: an `unsupported` problem for elements that make no tensor.
    func tensor(shape: Shape, buffer: Buffer, byteOffset: Int) throws -> Tensor {
        guard let dtype else {
            throw KerasError(.unsupported, "elements of this kind are not read as a tensor", found: description)
        }
        let tensor = Tensor(dtype: dtype, shape: shape, buffer: buffer, byteOffset: byteOffset)
        if isSwapped && dtype.swapUnit > 1 {
            return try copying(tensor) { bytes in
                for start in stride(from: 0, to: bytes.count, by: dtype.swapUnit) {
                    bytes[start..<start + dtype.swapUnit].reverse()
                }
            }
        }
        if dtype == .bool {
            // Any other byte is no value of Swift's Bool, and reading it as one is undefined.
            guard tensor.withUnsafeBytes({ $0.allSatisfy { $0 <= 1 } }) else {
                throw KerasError(.malformed, "a truth value is neither 0 nor 1")
            }
        }
        if kind == .fixedText(.spacePadded) {
            return try copying(tensor) { bytes in
                for start in stride(from: 0, to: bytes.count, by: size) {
                    for index in (start..<start + size).reversed() {
                        guard bytes[index] == 0x20 || bytes[index] == 0 else { break }
                        bytes[index] = 0
                    }
                }
            }
        }
        return tensor
    }

    private func copying(_ tensor: Tensor, _ change: (UnsafeMutableRawBufferPointer) -> Void) throws -> Tensor {
        let copy = try Buffer(count: tensor.byteCount)
        tensor.withUnsafeBytes { copy.bytes.copyMemory(from: $0) }
        change(copy.bytes)
        return Tensor(dtype: tensor.dtype, shape: tensor.shape, buffer: copy)
    }

    /// The elements of fixed-length text, without what fills their fields.
    func strings(_ tensor: Tensor) throws -> [String] {
        try tensor.withUnsafeBytes { bytes in
            try (0..<tensor.count).map { try decode(trimmed(bytes[$0 * size..<($0 + 1) * size]), "the text") }
        }
    }

    private func trimmed(_ field: some BidirectionalCollection<UInt8>) -> [UInt8] {
        var text = Array(field)
        switch kind {
        case .fixedText(.nullTerminated): text = Array(text.prefix { $0 != 0 })
        case .fixedText(.spacePadded): while let last = text.last, last == 0x20 || last == 0 { text.removeLast() }
        default: while text.last == 0 { text.removeLast() }
        }
        return text
    }
}

/// The lengths of a dataspace's axes; an empty one (H5S_NULL) is of shape `(0,)`. H5Sget_simple_extent_dims
func shape(ofSpace space: Int64) throws -> Shape {
    switch H5Sget_simple_extent_type(space) {
    case H5S_NULL: return [0]
    case H5S_SCALAR: return []
    default: break
    }
    let rank = Int(try HDF5Library.check(H5Sget_simple_extent_ndims(space), "a shape cannot be read"))
    guard rank <= Budgets.current.hdf5Rank else {
        throw KerasError(.malformed, "a shape has too many axes", found: "\(rank)", expected: "at most \(Budgets.current.hdf5Rank)")
    }
    var lengths = [hsize_t](repeating: 0, count: max(rank, 1))
    try HDF5Library.check(H5Sget_simple_extent_dims(space, &lengths, nil), "a shape cannot be read")
    return try Shape(
        checking: lengths.prefix(rank).map { length in
            guard let length = Int(exactly: length) else {
                throw KerasError(.resource, "a shape has too many elements", found: "\(length)")
            }
            return length
        })
}
