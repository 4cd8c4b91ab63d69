import KerasModel

extension Hinge: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.withSigns(convertsLabels).means { y, p in max(1 - y * p, 0) }
    }
}

extension SquaredHinge: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        batch.withSigns(convertsLabels).means { y, p in
            let miss = max(1 - y * p, 0)
            return miss * miss
        }
    }
}

extension CategoricalHinge: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { row in
            let right = Float(batch.sum(row) { y, p in y * p })
            var wrong = -Float.infinity
            for index in row * batch.columns..<(row + 1) * batch.columns {
                wrong = max(wrong, (1 - batch.targets[index]) * batch.outputs[index])
            }
            return max(wrong - right + 1, 0)
        }
    }
}

extension RowBatch {
    /// Targets −1 and 1 for 0 and 1, if every one in the batch is 0 or 1.
    fileprivate func withSigns(_ convertsLabels: Bool) -> RowBatch {
        guard convertsLabels, targets.allSatisfy({ $0 == 0 || $0 == 1 }) else { return self }
        var batch = self
        batch.targets = targets.map { 2 * $0 - 1 }
        return batch
    }
}
