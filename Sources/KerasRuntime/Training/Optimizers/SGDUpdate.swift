import KerasModel

extension SGD: OptimizerArithmetic {
    /// `v ← μv − ηg`, `θ ← θ + v`; Nesterov's: `θ ← θ + μv − ηg` with the new v.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, rate, momentum) = (call.variable, call.gradient, step.learningRate, Float(momentum))
        guard let v = call.slots.first else {
            for i in 0..<call.count { w[i] -= g[i] * rate }
            return
        }
        for i in 0..<call.count {
            v[i] = v[i] * momentum - g[i] * rate
            w[i] += nesterov ? v[i] * momentum - g[i] * rate : v[i]
        }
    }
}
