import KerasModel

extension RMSprop: OptimizerArithmetic {
    /// `a ← ρa + (1−ρ)g²`, a step of `ηg / √(a + ε)` or `ηg / (√a + ε)`; centered: `a − ḡ²` in place of a.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, a, rate) = (call.variable, call.gradient, call.slots[0], step.learningRate)
        let (rho, rest, epsilon, momentum) = (Float(rho), Float(1 - rho), Float(epsilon), Float(self.momentum))
        let m = self.momentum > 0 ? call.slots[1] : nil
        let mean = centered ? call.slots[call.slots.count - 1] : nil
        for i in 0..<call.count {
            a[i] = rho * a[i] + rest * (g[i] * g[i])
            var square = a[i]
            if let mean {
                mean[i] = rho * mean[i] + rest * g[i]
                square -= mean[i] * mean[i]
            }
            let divisor = addsEpsilonUnderRoot ? (square + epsilon).squareRoot() : square.squareRoot() + epsilon
            var change = rate * g[i] / divisor
            if let m {
                m[i] = momentum * m[i] + change
                change = m[i]
            }
            w[i] -= change
        }
    }
}
