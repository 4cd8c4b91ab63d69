import KerasModel

extension Adamax: OptimizerArithmetic {
    /// `u ← max(β₂u, |g|)`, `θ ← θ − ηm / ((1−β₁ᵗ)(u + ε))`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, m, u, rate) = (call.variable, call.gradient, call.slots[0], call.slots[1], step.learningRate)
        let (rest, beta2, epsilon) = (Float(1 - beta1), Float(beta2), Float(epsilon))
        let correction = 1 - power(Float(beta1), step.t)
        for i in 0..<call.count {
            m[i] += (g[i] - m[i]) * rest
            u[i] = max(beta2 * u[i], abs(g[i]))
            w[i] -= rate * m[i] / (correction * (u[i] + epsilon))
        }
    }
}
