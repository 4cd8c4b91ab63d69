import Tensors

extension TrainingConfiguration {
    /// What Keras 3 counts as the optimizer's once it has loaded the file; nil if the file keeps no state of one, since then none is built.
    ///
    /// For an `.h5`, not what the file keeps: Keras 3 builds the optimizer for the variables that the model itself owns, which are none (its layers own them).
    /// So the step counter is left, and the scalars the optimizer keeps besides.
    package var sizeOnceLoaded: SummarySize? {
        guard !optimizerVariables.isEmpty else { return nil }
        if restoresOptimizer {
            return optimizerVariables.reduce(SummarySize(count: 0, bytes: 0)) {
                $0 + SummarySize(count: $1.tensor.count, bytes: $1.tensor.byteCount)
            }
        }
        var size = SummarySize(count: 1, bytes: DType.int64.size)
        // One that scales the loss has a counter and a rate too, and keeps the scale and a counter of its own.
        if LossScale.isRound(optimizer) { size = size + SummarySize(count: 4, bytes: 2 * (DType.int64.size + DType.float32.size)) }
        let optimizer = LossScale.inner(of: optimizer)
        let config = optimizer["config"]
        // A schedule computes the rate, so that there is no variable for it.
        let rate = config?["learning_rate"] ?? config?["lr"]
        if rate?.object == nil { size = size + SummarySize(count: 1, bytes: DType.float32.size) }
        // Nadam's running product of its momenta.
        if optimizer["class_name"]?.string == "Nadam" { size = size + SummarySize(count: 1, bytes: DType.float32.size) }
        return size
    }
}
