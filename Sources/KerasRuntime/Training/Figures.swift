import KerasModel
import Tensors

/// A mean that is gathered batch by batch.
struct RunningMean {
    private var total = 0.0
    private var weight = 0.0

    mutating func add(_ value: Double, weight: Double) {
        total += value
        self.weight += weight
    }

    /// 0 of nothing, as Keras reports it.
    var value: Double { weight == 0 ? 0 : total / weight }
}

extension EvaluationSpec {
    /// A batch's loss for one output.
    ///
    /// - Throws: a `mismatch` problem if targets or weights do not fit.
    func batchLoss(_ loss: Loss, _ output: OutputBatch, weights: Tensor?) throws -> Double {
        let function = try loss.arithmetic()
        let (batch, shape) = try output.rows(for: function, readsLogits: loss.readsLogits)
        let values = try function.forward(batch)
        let rowWeights = try weights.map { try RowWeights($0, shape: shape).values }
        let counted = function.counted(batch)
        var sum = 0.0
        var weightSum = 0.0
        for (row, value) in values.enumerated() where counted?[row] ?? true {
            let weight = rowWeights?[row] ?? 1
            sum += Double(value * weight)
            weightSum += Double(weight)
        }
        switch loss.reduction {
        case .sum: return sum
        case .weightedMean: return quotient(sum, by: weightSum)
        case .mean:
            let count = counted?.count { $0 } ?? values.count
            if sampleWeighting == .overNonzero, let rowWeights { return quotient(sum, by: Double(rowWeights.count { $0 != 0 })) }
            return quotient(sum, by: Double(count))
        }
    }

    /// Adds a batch to a metric's mean.
    ///
    /// - Throws: a `mismatch` problem if targets or weights do not fit.
    func update(_ mean: inout RunningMean, _ metric: NamedMetric, _ output: OutputBatch, loss: Loss?, weights: Tensor?) throws {
        let function: any RowFunction
        var readsLogits = false
        switch metric.metric.resolved(target: output.target.shape, output: output.output.shape, loss: loss) {
        case .function(let known): function = try rowFunction(known)
        case .loss(let known):
            function = try known.arithmetic()
            readsLogits = known.readsLogits
        case .accuracy, .crossentropy: throw KerasError(.unsupported, "a metric is not resolved", found: metric.name)
        }
        let (batch, shape) = try output.rows(for: function, readsLogits: readsLogits)
        let values = try function.forward(batch)
        guard metric.isWeighted, let weights else {
            mean.add(values.reduce(0) { $0 + Double($1) }, weight: Double(values.count))
            return
        }
        let rowWeights = try RowWeights(weights, shape: shape).values
        let sum = zip(values, rowWeights).reduce(0.0) { $0 + Double($1.0 * $1.1) }
        switch sampleWeighting {
        case .overAll: mean.add(sum, weight: rowWeights.reduce(0) { $0 + Double($1) })
        case .overNonzero:
            let count = Double(values.count)
            mean.add(quotient(sum, by: Double(rowWeights.count { $0 != 0 })) * count, weight: count)
        }
    }

    private func quotient(_ sum: Double, by count: Double) -> Double { count == 0 ? 0 : sum / count }
}
