import KerasModel
import Tensors

extension R2Score: CountingMetric {
    /// Of each column the sums of w·y, w·y², w·(y − p)² and w; then how many numbers there were.
    func initialState(output: Shape) throws -> [Double] {
        guard (1...2).contains(output.rank) else {
            throw KerasError(.mismatch, "an R² score takes one row per sample", found: "\(output)", expected: "(samples, numbers)")
        }
        return try zeros(4, columns(output)) + [0]
    }

    private func columns(_ output: Shape) -> Int { output.rank == 2 ? output[1] : 1 }

    func update(_ state: inout [Double], _ batch: CountedBatch) throws {
        try batch.checkTargets()
        let columns = columns(batch.outputShape)
        let weights = try batch.weights(of: batch.outputShape)
        for index in batch.outputs.indices {
            let (y, p, w) = (Double(batch.targets[index]), Double(batch.outputs[index]), Double(weights?[index] ?? 1))
            let column = index % columns
            state[column] += w * y
            state[columns + column] += w * y * y
            state[2 * columns + column] += w * (y - p) * (y - p)
            state[3 * columns + column] += w
        }
        state[4 * columns] += Double(batch.outputs.count)
    }

    func figures(_ state: [Double]) -> [Double] {
        let columns = (state.count - 1) / 4
        let totals = (0..<columns).map { state[columns + $0] - state[$0] * state[$0] / state[3 * columns + $0] }
        let scores = totals.enumerated().map { column, total in
            let score = 1 - state[2 * columns + column] / total
            return score.isInfinite ? 0 : score
        }
        let figures: [Double]
        switch aggregation {
        case nil: figures = scores
        case .uniform: figures = [scores.reduce(0, +) / Double(max(columns, 1))]
        case .byVariance: figures = [zip(totals, scores).reduce(0) { $0 + $1.0 * $1.1 } / totals.reduce(0, +)]
        }
        // With no more numbers than features the score stays plain.
        let (count, regressors) = (state[4 * columns], Double(regressors))
        guard regressors != 0, regressors < count - 1 else { return figures }
        return figures.map { 1 - (1 - $0) * (count - 1) / (count - regressors - 1) }
    }
}
