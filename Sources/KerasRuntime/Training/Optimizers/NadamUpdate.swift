import KerasModel

extension Nadam: OptimizerArithmetic {
    /// The momentum of a step: `β₁ (1 − ½ · 0.96^(t·s))`.
    private func momentum(_ t: Float) -> Float { Float(beta1) * (1 - 0.5 * power(0.96, t * Float(scheduleDecay))) }

    /// `P ← P·μ_t`
    func begin(_ step: OptimizerStep, _ shared: inout [Float]) { shared[0] *= momentum(step.t) }

    /// `m̂ = μ_{t+1}·m/(1−P·μ_{t+1}) + (1−μ_t)·g/(1−P)`, `v̂ = v/(1−β₂ᵗ)`, `θ ← θ − η·m̂/(√v̂ + ε)`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, m, v, rate) = (call.variable, call.gradient, call.slots[0], call.slots[1], step.learningRate)
        let (rest1, rest2, epsilon) = (1 - Float(beta1), 1 - Float(beta2), Float(epsilon))
        let (now, next, product) = (momentum(step.t), momentum(step.t + 1), shared[0])
        let (ahead, behind) = (1 - product * next, 1 - product)
        let correction = 1 - power(Float(beta2), step.t)
        for i in 0..<call.count {
            m[i] += (g[i] - m[i]) * rest1
            v[i] += (g[i] * g[i] - v[i]) * rest2
            let mean = next * m[i] / ahead + (1 - now) * g[i] / behind
            w[i] -= mean * rate / ((v[i] / correction).squareRoot() + epsilon)
        }
    }
}
