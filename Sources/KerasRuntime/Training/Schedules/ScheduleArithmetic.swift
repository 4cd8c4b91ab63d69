import KerasModel
import Tensors

/// What a schedule gives for a step. Numbers are float32 all along, as Keras computes them: some schedules round down, and a step on the
/// edge must fall to the side it falls to there.
protocol ScheduleArithmetic: LearningRateSchedule {
    /// - Parameter step: 0 for the first.
    func rate(_ step: Float) -> Float
}

extension LearningRateSchedule {
    /// The rate of a step.
    ///
    /// - Parameter step: steps done before it. Keras: `iterations`.
    package func learningRate(at step: Int) -> Float { (self as? any ScheduleArithmetic)?.rate(Float(step)) ?? Float(initialLearningRate) }
}

extension Optimizer {
    /// The rate of a step, by its schedule or its decay.
    ///
    /// - Parameter iterations: steps done before it.
    package func rate(at iterations: Int) -> Float {
        schedule?.learningRate(at: iterations) ?? Float(learningRate / (1 + decay * Double(iterations)))
    }
}

extension ExponentialDecay: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        let part = step / Float(decaySteps)
        return Float(initialLearningRate) * power(Float(decayRate), isStaircase ? part.rounded(.down) : part)
    }
}

extension InverseTimeDecay: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        let part = step / Float(decaySteps)
        return Float(initialLearningRate) / (1 + Float(decayRate) * (isStaircase ? part.rounded(.down) : part))
    }
}

extension PolynomialDecay: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        var (step, steps, end) = (step, Float(decaySteps), Float(endLearningRate))
        if cycles { steps *= step == 0 ? 1 : (step / steps).rounded(.up) } else { step = min(step, steps) }
        return (Float(initialLearningRate) - end) * KerasRuntime.power(1 - step / steps, Float(power)) + end
    }
}

extension PiecewiseConstantDecay: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        let place = boundaries.firstIndex { step <= Float($0) } ?? values.count - 1
        return Float(values[place])
    }
}

extension CosineDecay: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        let (steps, start) = (Float(decaySteps), Float(initialLearningRate))
        guard let target = warmupTarget.map({ Float($0) }) else { return decayed(min(step, steps) / steps, from: start) }
        let warmup = Float(warmupSteps)
        let step = min(step, steps + warmup)
        return step < warmup ? (target - start) * (step / warmup) + start : decayed((step - warmup) / steps, from: target)
    }

    private func decayed(_ part: Float, from start: Float) -> Float {
        start * (Float(1 - alpha) * (0.5 * (1 + cosine(.pi * part))) + Float(alpha))
    }
}

extension CosineDecayRestarts: ScheduleArithmetic {
    func rate(_ step: Float) -> Float {
        let growth = Float(tMultiplier)
        var part = step / Float(firstDecaySteps)
        let restarts: Float
        if growth == 1 {
            restarts = part.rounded(.down)
            part -= restarts
        } else {
            restarts = (logarithm(1 - part * (1 - growth)) / logarithm(growth)).rounded(.down)
            part = (part - (1 - power(growth, restarts)) / (1 - growth)) / power(growth, restarts)
        }
        let wave = 0.5 * power(Float(mMultiplier), restarts) * (1 + cosine(.pi * part))
        return Float(initialLearningRate) * (Float(1 - alpha) * wave + Float(alpha))
    }
}
