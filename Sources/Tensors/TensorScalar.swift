/// A Swift type that can be an element of a tensor: the real numbers and `Bool`.
///
/// Conversions follow numpy's `astype`: integers wrap, fractions are cut off, anything but zero is true.
public protocol TensorScalar: BitwiseCopyable, Sendable, Equatable {
    static var dtype: DType { get }
    /// True where the value is carried by ``wide`` without loss, false where by ``double``.
    static var isInteger: Bool { get }
    var double: Double { get }
    var wide: Int64 { get }
    init(double: Double)
    init(wide: Int64)
}

extension TensorScalar where Self: FixedWidthInteger {
    @inlinable public static var isInteger: Bool { true }
    @inlinable public var double: Double { Double(self) }
    @inlinable public var wide: Int64 { Int64(truncatingIfNeeded: self) }
    @inlinable public init(wide: Int64) { self.init(truncatingIfNeeded: wide) }
    /// Out of range or not a number is undefined in numpy; here it is clamped, and NaN is 0.
    @inlinable public init(double: Double) {
        if double.isNaN {
            self = 0
        } else if let exact = Self(exactly: double.rounded(.towardZero)) {
            self = exact
        } else {
            self = double < 0 ? .min : .max
        }
    }
}

extension TensorScalar where Self: BinaryFloatingPoint {
    @inlinable public static var isInteger: Bool { false }
    @inlinable public var double: Double { Double(self) }
    @inlinable public var wide: Int64 { Int64(double: Double(self)) }
    @inlinable public init(wide: Int64) { self.init(wide) }
    @inlinable public init(double: Double) { self.init(double) }
}

extension Int8: TensorScalar { public static var dtype: DType { .int8 } }
extension Int16: TensorScalar { public static var dtype: DType { .int16 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension UInt8: TensorScalar { public static var dtype: DType { .uint8 } }
extension UInt16: TensorScalar { public static var dtype: DType { .uint16 } }
extension UInt32: TensorScalar { public static var dtype: DType { .uint32 } }
extension UInt64: TensorScalar { public static var dtype: DType { .uint64 } }
extension Int: TensorScalar { public static var dtype: DType { .int64 } }
extension Float16: TensorScalar { public static var dtype: DType { .float16 } }
extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }

extension Bool: TensorScalar {
    public static var dtype: DType { .bool }
    @inlinable public static var isInteger: Bool { true }
    @inlinable public var double: Double { self ? 1 : 0 }
    @inlinable public var wide: Int64 { self ? 1 : 0 }
    @inlinable public init(double: Double) { self = double != 0 }
    @inlinable public init(wide: Int64) { self = wide != 0 }
}

/// The upper half of a `Float`: 8 bits of exponent, 7 of fraction. Keras stores it as two opaque bytes.
public struct BFloat16: TensorScalar {
    public var bitPattern: UInt16
    public static var dtype: DType { .bfloat16 }
    @inlinable public static var isInteger: Bool { false }

    /// Rounds to nearest, ties to even, as ml_dtypes does.
    @inlinable public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
        } else {
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
        }
    }

    @inlinable public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
    @inlinable public var double: Double { Double(float) }
    @inlinable public var wide: Int64 { Int64(double: double) }
    @inlinable public init(double: Double) { self.init(Float(double)) }
    @inlinable public init(wide: Int64) { self.init(Float(wide)) }
}
