import KerasModel

extension BinaryAccuracy: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        let threshold = Float(threshold)
        if rounds { return batch.means { y, p in y == p.rounded(.toNearestOrEven) ? 1 : 0 } }
        return batch.means { y, p in y == (p > threshold ? 1 : 0) ? 1 : 0 }
    }
}

extension ExactAccuracy: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] { batch.means { y, p in y == p ? 1 : 0 } }
}

extension CategoricalAccuracy: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { batch.largest(batch.targets, $0) == batch.largest(batch.outputs, $0) ? 1 : 0 }
    }
}

extension SparseCategoricalAccuracy: RowFunction {
    package var targetForm: TargetForm { .classNumber }

    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { batch.targets[$0] == Float(batch.largest(batch.outputs, $0)) ? 1 : 0 }
    }
}

extension TopKCategoricalAccuracy: RowFunction {
    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { batch.isAmong(k, $0, batch.largest(batch.targets, $0)) ? 1 : 0 }
    }
}

extension SparseTopKCategoricalAccuracy: RowFunction {
    package var targetForm: TargetForm { .classNumber }

    /// A target that is no class is never among them.
    package func forward(_ batch: RowBatch) -> [Float] {
        (0..<batch.rows).map { row in (try? batch.classNumber(row)).map { batch.isAmong(k, row, $0) } == true ? 1 : 0 }
    }
}

extension RowBatch {
    /// The place of a row's largest number, the first of equals.
    fileprivate func largest(_ numbers: [Float], _ row: Int) -> Int {
        let start = row * columns
        var best = 0
        for column in 1..<max(columns, 1) where numbers[start + column] > numbers[start + best] { best = column }
        return best
    }

    /// True if fewer than `k` outputs of the row are larger than the one at `column`; never if one of them is not finite, as TensorFlow has
    /// it.
    fileprivate func isAmong(_ k: Int, _ row: Int, _ column: Int) -> Bool {
        let start = row * columns
        let own = outputs[start + column]
        guard own.isFinite else { return false }
        var larger = 0
        for other in start..<start + columns {
            guard outputs[other].isFinite else { return false }
            if outputs[other] > own { larger += 1 }
        }
        return larger < k
    }
}
