import KerasModel

extension Ftrl: OptimizerArithmetic {
    /// `n' = n + g²`, `z ← z + g + 2·shrink·θ − (n'^p − n^p)/η · θ`, `θ ← (clip(z, ±l1) − z) / (n'^p/η + 2·l2)`, p = −power.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, n, z, rate) = (call.variable, call.gradient, call.slots[0], call.slots[1], step.learningRate)
        let (exponent, shrinkage) = (Float(-learningRatePower), Float(2 * l2ShrinkageRegularizationStrength))
        let (l1, l2) = (Float(l1RegularizationStrength), Float(l2RegularizationStrength) + Float(beta) / (2 * rate))
        for i in 0..<call.count {
            let sum = n[i] + g[i] * g[i]
            let (before, after) = (power(n[i], exponent), power(sum, exponent))
            z[i] += g[i] + shrinkage * w[i] - (after - before) / rate * w[i]
            w[i] = (z[i].clipped(-l1, l1) - z[i]) / (after / rate + 2 * l2)
            n[i] = sum
        }
    }
}
