import Tensors

/// What an optimizer keeps from step to step, as a file has it or a run leaves it.
package struct OptimizerState: Sendable {
    /// Steps done. Keras: `iterations`.
    package var iterations: Int
    /// The rate where a file keeps it apart from the optimizer's settings, since training may have changed it.
    package var learningRate: Double?
    /// For each weight that trains, in the model's order, what the algorithm keeps, as it lists it.
    package var slots: [[Tensor]]
    /// For all weights together.
    package var shared: [Float]
    /// The running mean of each weight, if one is kept.
    package var averages: [Tensor]?
    /// Of each weight the sum of the gradients that wait, where they are gathered over several steps.
    package var gathered: [Tensor]?
    /// Where the loss is scaled, and the file keeps it.
    package var lossScale: LossScaleState?

    package init(
        iterations: Int, learningRate: Double? = nil, slots: [[Tensor]], shared: [Float], averages: [Tensor]? = nil,
        gathered: [Tensor]? = nil, lossScale: LossScaleState? = nil
    ) {
        self.gathered = gathered
        self.lossScale = lossScale
        self.learningRate = learningRate
        (self.iterations, self.slots, self.shared, self.averages) = (iterations, slots, shared, averages)
    }
}
