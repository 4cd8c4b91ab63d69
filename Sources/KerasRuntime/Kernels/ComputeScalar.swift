import Tensors

/// What a plan computes in: `Float` with the best instruction set's kernels, or `Double` with the generic ones.
protocol ComputeScalar: TensorScalar, BinaryFloatingPoint {
    associatedtype Kernels: KernelTable where Kernels.Scalar == Self

    /// - Throws: an `unsupported` problem if the options name an instruction set this processor lacks.
    static func kernels(_ options: RuntimeOptions) throws -> Kernels
}
