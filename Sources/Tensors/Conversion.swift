extension DType {
    /// Writes `count` elements of this type to `to` as elements of `target`, as numpy's `astype`. Both sides are aligned and do not overlap.
    ///
    /// - Throws: an `unsupported` problem for what is no real number or truth value.
    package func convert(_ from: UnsafeRawPointer, to target: DType, _ to: UnsafeMutableRawPointer, count: Int) throws {
        guard isNumeric, target.isNumeric else {
            throw KerasError(.unsupported, "elements of this type are not numbers", found: "\(self)", expected: "\(target)")
        }
        // The pairs images and weights come in, spelled out so that the compiler makes tight loops of them.
        switch (self, target) {
        case _ where self == target && self != .bool: to.copyMemory(from: from, byteCount: count * size)
        case (.uint8, .float32): cast(from, UInt8.self, to, Float.self, count)
        case (.float64, .float32): cast(from, Double.self, to, Float.self, count)
        case (.float32, .float64): cast(from, Float.self, to, Double.self, count)
        case (.float16, .float32): cast(from, Float16.self, to, Float.self, count)
        default: convertInBlocks(from, to: target, to, count: count)
        }
    }

    /// Through numbers of 64 bits that hold either type's: as many loops as there are types, where pairs would need their square.
    private func convertInBlocks(_ from: UnsafeRawPointer, to target: DType, _ to: UnsafeMutableRawPointer, count: Int) {
        guard count > 0 else { return }
        let (isWhole, capacity) = (isExactInteger && target.isExactInteger, min(count, 512))
        withUnsafeTemporaryAllocation(byteCount: capacity * 8, alignment: 8) { block in
            guard let between = block.baseAddress else { return }
            for start in stride(from: 0, to: count, by: capacity) {
                let length = min(capacity, count - start)
                if isWhole {
                    widen(from + start * size, Int64.self, between, length)
                    target.narrow(between, Int64.self, to + start * target.size, length)
                } else {
                    widen(from + start * size, Double.self, between, length)
                    target.narrow(between, Double.self, to + start * target.size, length)
                }
            }
        }
    }

    private var isExactInteger: Bool { isInteger || self == .bool }

    private func widen<T: TensorScalar>(_ from: UnsafeRawPointer, _: T.Type, _ to: UnsafeMutableRawPointer, _ count: Int) {
        switch self {
        // A truth value may be any byte, which a Swift `Bool` may not.
        case .bool: cast(from, TruthByte.self, to, T.self, count)
        case .int8: cast(from, Int8.self, to, T.self, count)
        case .int16: cast(from, Int16.self, to, T.self, count)
        case .int32: cast(from, Int32.self, to, T.self, count)
        case .int64: cast(from, Int64.self, to, T.self, count)
        case .uint8: cast(from, UInt8.self, to, T.self, count)
        case .uint16: cast(from, UInt16.self, to, T.self, count)
        case .uint32: cast(from, UInt32.self, to, T.self, count)
        case .uint64: cast(from, UInt64.self, to, T.self, count)
        case .float16: cast(from, Float16.self, to, T.self, count)
        case .bfloat16: cast(from, BFloat16.self, to, T.self, count)
        case .float32: cast(from, Float.self, to, T.self, count)
        case .float64: cast(from, Double.self, to, T.self, count)
        case .complex64, .complex128, .bytes, .unicode, .void, .datetime64, .timedelta64, .structured: break
        }
    }

    private func narrow<T: TensorScalar>(_ from: UnsafeMutableRawPointer, _: T.Type, _ to: UnsafeMutableRawPointer, _ count: Int) {
        let from = UnsafeRawPointer(from)
        switch self {
        case .bool: cast(from, T.self, to, Bool.self, count)
        case .int8: cast(from, T.self, to, Int8.self, count)
        case .int16: cast(from, T.self, to, Int16.self, count)
        case .int32: cast(from, T.self, to, Int32.self, count)
        case .int64: cast(from, T.self, to, Int64.self, count)
        case .uint8: cast(from, T.self, to, UInt8.self, count)
        case .uint16: cast(from, T.self, to, UInt16.self, count)
        case .uint32: cast(from, T.self, to, UInt32.self, count)
        case .uint64: cast(from, T.self, to, UInt64.self, count)
        case .float16: cast(from, T.self, to, Float16.self, count)
        case .bfloat16: cast(from, T.self, to, BFloat16.self, count)
        case .float32: cast(from, T.self, to, Float.self, count)
        case .float64: cast(from, T.self, to, Double.self, count)
        case .complex64, .complex128, .bytes, .unicode, .void, .datetime64, .timedelta64, .structured: break
        }
    }
}

private func cast<S: TensorScalar, T: TensorScalar>(
    _ from: UnsafeRawPointer, _: S.Type, _ to: UnsafeMutableRawPointer, _: T.Type, _ count: Int
) {
    let (source, target) = (from.assumingMemoryBound(to: S.self), to.assumingMemoryBound(to: T.self))
    if S.isInteger && T.isInteger {
        for index in 0..<count { target[index] = T(wide: source[index].wide) }
    } else {
        for index in 0..<count { target[index] = T(double: source[index].double) }
    }
}

/// A truth value as a file may have it: any byte.
private struct TruthByte: TensorScalar {
    var byte: UInt8
    static var dtype: DType { .bool }
    static var isInteger: Bool { true }
    var double: Double { byte == 0 ? 0 : 1 }
    var wide: Int64 { byte == 0 ? 0 : 1 }
    init(double: Double) { byte = double == 0 ? 0 : 1 }
    init(wide: Int64) { byte = wide == 0 ? 0 : 1 }
}
