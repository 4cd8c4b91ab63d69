import Tensors

/// Where a value's numbers are: bytes from one of a run's bases.
struct Location: Sendable, Hashable {
    var slot: Int
    var offset: Int

    static let arena = 0
}

/// What a step sees while it runs.
struct Frame<T: ComputeScalar> {
    /// The arena, then the inputs, the outputs and the constants.
    let bases: UnsafePointer<UnsafeMutableRawPointer>
    let kernels: T.Kernels

    func reals(_ location: Location) -> UnsafeMutablePointer<T> { at(location, as: T.self) }
    func integers(_ location: Location) -> UnsafeMutablePointer<Int32> { at(location, as: Int32.self) }

    func at<E>(_ location: Location, as type: E.Type) -> UnsafeMutablePointer<E> {
        (bases[location.slot] + location.offset).assumingMemoryBound(to: E.self)
    }
}

/// One primitive with its operands placed: everything about it that does not change from run to run.
protocol Step<Scalar>: Sendable {
    associatedtype Scalar: ComputeScalar
    func run(_ frame: Frame<Scalar>) throws
}
