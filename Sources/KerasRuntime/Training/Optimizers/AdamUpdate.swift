import KerasModel

extension Adam: OptimizerArithmetic {
    /// `θ ← θ − η·√(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε)`.
    func update(_ call: VariableUpdate, _ step: OptimizerStep, _ shared: [Float]) {
        let (w, g, m, v) = (call.variable, call.gradient, call.slots[0], call.slots[1])
        let largest = amsgrad ? call.slots[2] : nil
        let (rest1, rest2, epsilon) = (Float(1 - beta1), Float(1 - beta2), Float(epsilon))
        let (power1, power2) = (power(Float(beta1), step.t), power(Float(beta2), step.t))
        let rate = step.learningRate * (1 - power2).squareRoot() / (1 - power1)
        for i in 0..<call.count {
            m[i] += (g[i] - m[i]) * rest1
            v[i] += (g[i] * g[i] - v[i]) * rest2
        }
        if let largest {
            for i in 0..<call.count { largest[i] = max(largest[i], v[i]) }
        }
        call.withSquareRoots(of: largest ?? v) { roots in
            for i in 0..<call.count { w[i] -= m[i] * rate / (roots[i] + epsilon) }
        }
    }
}
