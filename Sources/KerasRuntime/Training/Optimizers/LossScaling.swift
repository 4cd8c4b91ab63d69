import KerasModel
import Tensors

/// A loss's scale at work.
struct LossScaling {
    private let settings: LossScale
    private(set) var state: LossScaleState

    init(_ settings: LossScale) {
        self.settings = settings
        state = LossScaleState(scale: Float(settings.initial), steps: 0)
    }

    /// Goes on from where another run was.
    mutating func resume(_ state: LossScaleState) {
        if settings.isOptimizer { self.state = state }
    }

    /// Whether the optimizer takes a step that is skipped for one.
    var countsSkippedSteps: Bool { settings.followsTFKeras }

    /// Gradients of the scaled loss made those of the loss; the scale moves by what they are.
    ///
    /// - Returns: false if the step is to be skipped.
    mutating func unscale(_ gradients: [Tensor]) -> Bool {
        guard let growthSteps = settings.growthSteps else {
            divide(gradients)
            return true
        }
        let isFinite = gradients.allSatisfy { $0.withScalars(as: Float.self) { $0.allSatisfy(\.isFinite) } }
        guard isFinite else {
            state = LossScaleState(scale: settings.followsTFKeras ? max(state.scale / 2, 1) : state.scale * 0.5, steps: 0)
            return false
        }
        divide(gradients)
        state.steps += 1
        if settings.followsTFKeras ? state.steps >= growthSteps : state.steps == growthSteps {
            let next = state.scale * 2
            state = LossScaleState(scale: settings.followsTFKeras && !next.isFinite ? state.scale : next, steps: 0)
        }
        return true
    }

    /// As Keras 3 does it, and as tf.keras: for scales that are no power of two the last bits differ.
    private func divide(_ gradients: [Tensor]) {
        for gradient in gradients {
            let numbers = gradient.numbers
            if settings.followsTFKeras {
                let factor = 1 / state.scale
                for i in numbers.indices { numbers[i] *= factor }
            } else {
                for i in numbers.indices { numbers[i] /= state.scale }
            }
        }
    }
}
