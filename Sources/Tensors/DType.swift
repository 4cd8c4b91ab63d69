/// What one element of a tensor is: numpy's and HDF5's element types, strings, dates and structures included.
///
/// Elements are always in this machine's byte order. A truth value may be any byte, as in numpy: all but 0 are true. It becomes a `Bool` only
/// where one is asked for.
public enum DType: Hashable, Sendable, CustomStringConvertible {
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    case float16, bfloat16, float32, float64
    case complex64, complex128
    /// Fixed-length bytes (numpy `S`, HDF5 fixed strings), padded with NUL.
    case bytes(Int)
    /// Fixed-length text in UTF-32 code units (numpy `U`), padded with NUL. The number counts characters.
    case unicode(Int)
    /// Bytes without a meaning (numpy `V`).
    case void(Int)
    /// A moment, counted as `int64` from 1970-01-01T00:00; `Int64.min` is numpy's NaT, no moment at all.
    case datetime64(TimeUnit)
    /// A span of time, counted as `int64`; `Int64.min` is NaT.
    case timedelta64(TimeUnit)
    /// Named fields, each read as a view: ``Tensor/field(_:)``.
    case structured(StructuredType)

    /// Bytes per element.
    public var size: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64, .complex64, .datetime64, .timedelta64: 8
        case .complex128: 16
        case .bytes(let count), .void(let count): count
        case .unicode(let count): 4 * count
        case .structured(let type): type.size
        }
    }

    /// The byte length that is reversed between byte orders: half an element for complex numbers, one character for text. A structure has none
    /// of its own: its fields have.
    package var swapUnit: Int {
        switch self {
        case .complex64, .complex128: size / 2
        case .bytes, .void, .structured: 1
        case .unicode: 4
        default: size
        }
    }

    /// What an element's address is a multiple of where its Swift type may be read.
    package var alignment: Int { swapUnit }

    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    public var isInteger: Bool {
        switch self {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
        default: false
        }
    }

    /// Real numbers and truth values.
    public var isNumeric: Bool { isInteger || isFloatingPoint || self == .bool }

    /// Bytes or characters of a fixed length.
    public var isText: Bool {
        switch self {
        case .bytes, .unicode: true
        default: false
        }
    }

    /// Keras's and numpy's name: `float32`, `uint8`, `bool`, `datetime64[ns]`; `S3` for three bytes, a list of its fields for a structure.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .float32: "float32"
        case .float64: "float64"
        case .complex64: "complex64"
        case .complex128: "complex128"
        case .bytes(let count): "S\(count)"
        case .unicode(let count): "U\(count)"
        case .void(let count): "V\(count)"
        case .datetime64(let unit): "datetime64\(unit.suffix)"
        case .timedelta64(let unit): "timedelta64\(unit.suffix)"
        case .structured(let type): type.description
        }
    }

    /// The element types with a plain name.
    package static let named: [DType] = [
        .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16, .bfloat16, .float32, .float64, .complex64,
        .complex128,
    ]

    /// From Keras's or numpy's name; nil for one that has none here.
    public init?(name: String) {
        guard let match = DType.named.first(where: { $0.description == name }) else { return nil }
        self = match
    }

    /// The Swift type of a real number or truth value; nil for everything else.
    package var scalarType: (any TensorScalar.Type)? {
        switch self {
        case .bool: Bool.self
        case .int8: Int8.self
        case .int16: Int16.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .uint8: UInt8.self
        case .uint16: UInt16.self
        case .uint32: UInt32.self
        case .uint64: UInt64.self
        case .float16: Float16.self
        case .bfloat16: BFloat16.self
        case .float32: Float.self
        case .float64: Double.self
        case .complex64, .complex128, .bytes, .unicode, .void, .datetime64, .timedelta64, .structured: nil
        }
    }
}
