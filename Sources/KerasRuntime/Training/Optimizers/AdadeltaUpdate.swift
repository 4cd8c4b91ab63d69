import KerasModel

extension Adadelta: OptimizerArithmetic {
    /// `a ← ρa + (1−ρ)g²`, `u = g·√(d+ε)/√(a+ε)`, `θ ← θ − ηu`, `d ← ρd + (1−ρ)u²`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, a, d, rate) = (call.variable, call.gradient, call.slots[0], call.slots[1], step.learningRate)
        let (rho, rest, epsilon) = (Float(rho), Float(1 - rho), Float(epsilon))
        for i in 0..<call.count {
            a[i] = rho * a[i] + rest * (g[i] * g[i])
            let change = (d[i] + epsilon).squareRoot() * g[i] / (a[i] + epsilon).squareRoot()
            d[i] = rho * d[i] + rest * (change * change)
            w[i] -= rate * change
        }
    }
}
