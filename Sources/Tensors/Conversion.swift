extension DType {
    /// Writes `count` elements of this type to `to` as elements of `target`, as numpy's `astype`. Both sides are aligned and do not overlap.
    ///
    /// - Throws: an `unsupported` problem for what is no real number or truth value.
    package func convert(_ from: UnsafeRawPointer, to target: DType, _ to: UnsafeMutableRawPointer, count: Int) throws {
        // A truth value may be any byte, which a Swift `Bool` may not.
        guard let source = self == .bool ? TruthByte.self : scalarType, let goal = target.scalarType else {
            throw KerasError(.unsupported, "elements of this type are not numbers", found: "\(self)", expected: "\(target)")
        }
        // The pairs images and weights come in, spelled out so that the compiler makes tight loops of them.
        switch (self, target) {
        case _ where self == target && self != .bool: to.copyMemory(from: from, byteCount: count * size)
        case (.uint8, .float32): cast(from, UInt8.self, to, Float.self, count)
        case (.float64, .float32): cast(from, Double.self, to, Float.self, count)
        case (.float32, .float64): cast(from, Float.self, to, Double.self, count)
        case (.float16, .float32): cast(from, Float16.self, to, Float.self, count)
        default: cast(from, source, to, goal, count)
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
