import KerasModel

extension Lion: OptimizerArithmetic {
    /// `θ ← θ − η·sign(β₁m + (1−β₁)g)`, `m ← β₂m + (1−β₂)g`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, m, rate) = (call.variable, call.gradient, call.slots[0], step.learningRate)
        let (beta1, beta2) = (Float(beta1), Float(beta2))
        for i in 0..<call.count {
            let direction = m[i] * beta1 + g[i] * (1 - beta1)
            w[i] -= direction > 0 ? rate : direction < 0 ? -rate : 0
            m[i] = m[i] * beta2 + g[i] * (1 - beta2)
        }
    }
}
