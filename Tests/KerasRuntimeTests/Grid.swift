import KerasModel
import Tensors

/// Numbers in row-major order, as the plain reference computes with them.
struct Grid {
    var shape: [Int]
    var values: [Double]

    init(_ shape: [Int], _ values: [Double]) {
        precondition(shape.reduce(1, *) == values.count, "\(shape) is not \(values.count) numbers")
        (self.shape, self.values) = (shape, values)
    }

    init(_ shape: [Int], _ value: (_ at: [Int]) -> Double) {
        self.init(shape, Grid.positions(shape).map(value))
    }

    init(_ tensor: Tensor) throws { self.init(tensor.shape.dims, try tensor.scalars(as: Double.self)) }

    /// 0 outside.
    subscript(_ at: [Int]) -> Double {
        contains(at) ? values[zip(at, shape).reduce(0) { $0 * $1.1 + $1.0 }] : 0
    }

    func contains(_ at: [Int]) -> Bool { zip(at, shape).allSatisfy { $0 >= 0 && $0 < $1 } }

    /// Every position of a box, the last axis fastest.
    static func positions(_ shape: [Int]) -> [[Int]] {
        shape.reduce([[]]) { heads, length in heads.flatMap { head in (0..<length).map { head + [$0] } } }
    }

    func tensor(_ dtype: DType) throws -> Tensor { try Tensor(values, shape: Shape(shape)).converted(to: dtype) }
}

/// Numbers that are the same in every run.
struct Chance {
    private var state: UInt64
    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func bits() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// In ±2, exact in float32.
    mutating func number() -> Double { Double(Int(bits() >> 40) - (1 << 23)) / Double(1 << 22) }
    mutating func grid(_ shape: [Int]) -> Grid { Grid(shape, (0..<shape.reduce(1, *)).map { _ in number() }) }
}
