import KerasModel

extension Adagrad: OptimizerArithmetic {
    /// `a ← a + g²`, a step of `ηg / √(a + ε)` or `ηg / (√a + ε)`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, a, rate, epsilon) = (call.variable, call.gradient, call.slots[0], step.learningRate, Float(epsilon))
        for i in 0..<call.count {
            a[i] += g[i] * g[i]
            w[i] -= rate * g[i] / (addsEpsilonUnderRoot ? (a[i] + epsilon).squareRoot() : a[i].squareRoot() + epsilon)
        }
    }
}
