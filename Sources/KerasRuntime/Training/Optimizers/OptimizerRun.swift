import KerasModel
import Tensors

/// An optimizer at work: what it keeps from step to step, and what it does round each step of its algorithm.
package struct OptimizerRun: Sendable {
    package let optimizer: Optimizer
    /// Steps done. Keras: `iterations`.
    package var iterations = 0
    /// For each variable, one slot after the other as the algorithm lists them.
    package var slots: [[Float]]
    /// For all variables together.
    package var shared: [Float]
    /// The running mean of each variable, if one is kept.
    package var averages: [[Float]]?
    private let arithmetic: any OptimizerArithmetic

    /// - Throws: `unsupported` if only the description of the algorithm is known.
    package init(_ optimizer: Optimizer, counts: [Int]) throws {
        guard let arithmetic = optimizer.algorithm as? any OptimizerArithmetic else {
            throw KerasError(
                .unsupported, "this version does not train with this optimizer", found: optimizer.algorithm.names.className)
        }
        self.optimizer = optimizer
        self.arithmetic = arithmetic
        shared = optimizer.algorithm.sharedState.map { Float($0) }
        slots = counts.map { count in optimizer.algorithm.slots.flatMap { [Float](repeating: Float($0.initialValue), count: count) } }
        averages = optimizer.average == nil ? nil : counts.map { [Float](repeating: 0, count: $0) }
    }

    /// The rate of the next step.
    package var learningRate: Float { Float(optimizer.learningRate / (1 + optimizer.decay * Double(iterations))) }

    /// One step: clip, decay, move, average, in Keras's order. The gradients are used up.
    package mutating func step(_ variables: inout [[Float]], _ gradients: inout [[Float]]) {
        clip(&gradients)
        let step = OptimizerStep(learningRate: learningRate, number: iterations + 1)
        arithmetic.begin(step, &shared)
        if iterations == 0, optimizer.average?.countsFirstWeights == true { averages = variables }
        for index in variables.indices {
            if let decay = optimizer.weightDecay {
                let (decay, rate) = (Float(decay), step.learningRate)
                for i in variables[index].indices { variables[index][i] -= variables[index][i] * decay * rate }
            }
            update(&variables[index], gradients[index], &slots[index], step)
        }
        average(&variables)
        iterations += 1
    }

    private func update(_ variable: inout [Float], _ gradient: [Float], _ slots: inout [Float], _ step: OptimizerStep) {
        let count = variable.count
        variable.withUnsafeMutableBufferPointer { variable in
            gradient.withUnsafeBufferPointer { gradient in
                slots.withUnsafeMutableBufferPointer { slots in
                    guard count > 0, let w = variable.baseAddress, let g = gradient.baseAddress else { return }
                    let addresses = slots.baseAddress.map { first in stride(from: 0, to: slots.count, by: count).map { first + $0 } }
                    arithmetic.update(VariableUpdate(variable: w, gradient: g, slots: addresses ?? [], count: count), step, shared)
                }
            }
        }
    }

    private func clip(_ gradients: inout [[Float]]) {
        switch optimizer.clipping {
        case nil: return
        case .value(let limit):
            let limit = Float(limit)
            for index in gradients.indices {
                for i in gradients[index].indices { gradients[index][i] = gradients[index][i].clipped(-limit, limit) }
            }
        case .norm(let limit):
            for index in gradients.indices { scale(&gradients[index], to: Float(limit), norm: OptimizerRun.norm([gradients[index]])) }
        case .globalNorm(let limit):
            let norm = OptimizerRun.norm(gradients)
            for index in gradients.indices { scale(&gradients[index], to: Float(limit), norm: norm) }
        }
    }

    private static func norm(_ gradients: [[Float]]) -> Float {
        Float(gradients.reduce(0.0) { $1.reduce($0) { $0 + Double($1) * Double($1) } }.squareRoot())
    }

    private func scale(_ gradient: inout [Float], to limit: Float, norm: Float) {
        guard norm > limit else { return }
        for i in gradient.indices { gradient[i] = gradient[i] * limit / norm }
    }

    private mutating func average(_ variables: inout [[Float]]) {
        guard let settings = optimizer.average, averages != nil else { return }
        let momentum: Float = iterations == 0 && !settings.countsFirstWeights ? 0 : Float(settings.momentum)
        let overwrites = settings.overwriteFrequency.map { (iterations + 1) % $0 == 0 } ?? false
        for index in variables.indices {
            for i in variables[index].indices {
                averages![index][i] = momentum * averages![index][i] + (1 - momentum) * variables[index][i]
            }
            if overwrites { variables[index] = averages![index] }
        }
    }
}
