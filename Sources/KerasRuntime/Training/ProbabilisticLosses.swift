import KerasModel
import Tensors

extension CategoricalCrossentropy: RowFunction {
    package var rowAxis: Int { axis }
    package var logits: LogitSource? { .softmax }

    package func forward(_ batch: RowBatch) -> [Float] {
        let smoothing = Float(labelSmoothing)
        let offset = smoothing / Float(batch.columns)
        let smooth = { (y: Float) in y * (1 - smoothing) + offset }
        return (0..<batch.rows).map { row in
            if fromLogits || batch.areLogits {
                let normalizer = batch.logSumOfExponentials(row)
                return Float(batch.sum(row) { y, x in smooth(y) * (normalizer - x) })
            }
            let total = Float(batch.sum(row) { _, p in p })
            return -Float(batch.sum(row) { y, p in smooth(y) * logarithm((p / total).clipped(epsilon, 1 - epsilon)) })
        }
    }
}

extension SparseCategoricalCrossentropy: RowFunction {
    package var targetForm: TargetForm { .classNumber }
    package var rowAxis: Int { axis }
    package var logits: LogitSource? { .softmax }

    package func forward(_ batch: RowBatch) throws -> [Float] {
        var batch = batch
        if !fromLogits && !batch.areLogits {
            for index in batch.outputs.indices { batch.outputs[index] = logarithm(batch.outputs[index].clipped(epsilon, 1 - epsilon)) }
        }
        return try (0..<batch.rows).map { row in
            if let ignoreClass, batch.targets[row] == Float(ignoreClass) { return 0 }
            return batch.logSumOfExponentials(row) - batch.outputs[row * batch.columns + (try batch.classNumber(row))]
        }
    }

    package func counted(_ batch: RowBatch) -> [Bool]? {
        ignoreClass.map { ignored in batch.targets.map { $0 != Float(ignored) } }
    }
}

extension RowBatch {
    /// `ln Σ exp(x)` of a row's outputs.
    fileprivate func logSumOfExponentials(_ row: Int) -> Float {
        let cells = row * columns..<(row + 1) * columns
        let largest = cells.reduce(-Float.infinity) { max($0, outputs[$1]) }
        guard largest.isFinite else { return largest }
        let sum = cells.reduce(0.0) { $0 + Double(exponential(outputs[$1] - largest)) }
        return largest + Float(logarithm(sum))
    }
}

extension BinaryCrossentropy: RowFunction {
    package var rowAxis: Int { axis }
    package var logits: LogitSource? { .sigmoid }

    package func forward(_ batch: RowBatch) -> [Float] {
        let smoothing = Float(labelSmoothing)
        let smooth = { (y: Float) in smoothing == 0 ? y : y * (1 - smoothing) + 0.5 * smoothing }
        if fromLogits || batch.areLogits { return batch.means { y, x in BinaryCrossentropy.ofLogit(smooth(y), x) } }
        switch clipping {
        case .clipped: return batch.means { y, p in BinaryCrossentropy.ofProbability(smooth(y), p, offset: 0) }
        case .clippedAndOffset: return batch.means { y, p in BinaryCrossentropy.ofProbability(smooth(y), p, offset: epsilon) }
        case .logit:
            return batch.means { y, p in
                let p = p.clipped(epsilon, 1 - epsilon)
                return BinaryCrossentropy.ofLogit(smooth(y), logarithm(p / (1 - p)))
            }
        }
    }

    /// `max(x, 0) − x·y + ln(1 + exp(−|x|))`
    private static func ofLogit(_ y: Float, _ x: Float) -> Float { max(x, 0) - x * y + logarithm1p(exponential(-abs(x))) }

    private static func ofProbability(_ y: Float, _ p: Float, offset: Float) -> Float {
        let p = p.clipped(epsilon, 1 - epsilon)
        return -(y * logarithm(p + offset) + (1 - y) * logarithm(1 - p + offset))
    }
}

extension KLDivergence: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.sums { y, p in
            let y = y.clipped(epsilon, 1)
            return y * logarithm(y / p.clipped(epsilon, 1))
        }
    }
}

extension Poisson: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] { batch.means { y, p in p - y * logarithm(p + epsilon) } }
}
