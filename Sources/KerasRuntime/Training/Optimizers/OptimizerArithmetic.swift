import KerasModel

/// What an optimizer's step does to one variable. Numbers are float32 all along, as Keras computes them.
protocol OptimizerArithmetic: OptimizerAlgorithm {
    /// Moves what is kept for all variables together, before any of them.
    func begin(_ step: OptimizerStep, _ shared: inout [Float])
    func update(_ variable: VariableUpdate, _ step: OptimizerStep, _ shared: [Float])
}

extension OptimizerArithmetic {
    func begin(_ step: OptimizerStep, _ shared: inout [Float]) {}
}

/// What is the same for all variables of a step.
struct OptimizerStep {
    let learningRate: Float
    /// 1 for the first.
    let number: Int
    var t: Float { Float(number) }
}

/// One variable in a step: `count` numbers each.
struct VariableUpdate {
    let variable: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    /// As the algorithm lists them.
    let slots: [UnsafeMutablePointer<Float>]
    let count: Int
    let kernels: FloatKernels

    /// The roots of as many numbers. A root in a loop of its own would ask at each number whether it is negative.
    func withSquareRoots(of x: UnsafePointer<Float>, _ body: (UnsafePointer<Float>) -> Void) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(count, 1)) { roots in
            guard let target = roots.baseAddress else { return }
            kernels.unary(UnaryKernel(.sqrt), x, target, count)
            body(UnsafePointer(target))
        }
    }
}
