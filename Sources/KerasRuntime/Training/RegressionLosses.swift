import KerasModel

extension MeanSquaredError: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] { batch.means { y, p in (p - y) * (p - y) } }
}

extension MeanAbsoluteError: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] { batch.means { y, p in abs(p - y) } }
}

extension MeanAbsolutePercentageError: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.means { y, p in abs((y - p) / max(abs(y), epsilon)) }.map { 100 * $0 }
    }
}

extension MeanSquaredLogarithmicError: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.means { y, p in
            let difference = logarithm(max(p, epsilon) + 1) - logarithm(max(y, epsilon) + 1)
            return difference * difference
        }
    }
}

extension LogCosh: RowFunction {
    /// `x + softplus(−2x) − ln 2`: cosh itself overflows early.
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.means { y, p in
            let x = p - y
            return x + max(-2 * x, 0) + logarithm1p(exponential(-abs(2 * x))) - 0.6931472
        }
    }
}

extension Huber: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        let delta = Float(delta)
        return batch.means { y, p in
            let error = abs(p - y)
            return error <= delta ? 0.5 * error * error : delta * error - 0.5 * delta * delta
        }
    }
}

extension CosineSimilarity: RowFunction {
    package var rowAxis: Int { axis }

    /// A vector shorter than 1e-6 counts as that long, one of zeros as pointing nowhere.
    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { row in
            let product = batch.sum(row) { y, p in y * p }
            let squares = max(batch.sum(row) { y, _ in y * y }, 1e-12) * max(batch.sum(row) { _, p in p * p }, 1e-12)
            let cosine = Float(product / squares.squareRoot())
            return isNegated ? -cosine : cosine
        }
    }
}
