import KerasModel
import Tensors

extension FBetaScore: CountingMetric {
    /// True positives, false positives, false negatives and targets of each class.
    func initialState(output: Shape) throws -> [Double] {
        guard output.rank == 2 else {
            throw KerasError(.mismatch, "an F-score takes one row per sample", found: "\(output)", expected: "(samples, classes)")
        }
        return try zeros(4, output[1])
    }

    func update(_ state: inout [Double], _ batch: CountedBatch) throws {
        try batch.checkTargets()
        let classes = batch.outputShape[1]
        let weights = try batch.weights(of: batch.outputShape)
        for row in stride(from: 0, to: batch.outputs.count, by: max(classes, 1)) {
            let largest = (row..<row + classes).reduce(-Float.infinity) { max($0, batch.outputs[$1]) }
            for number in 0..<classes {
                let (y, p, w) = (Double(batch.targets[row + number]), batch.outputs[row + number], Double(weights?[row + number] ?? 1))
                let isPositive = threshold.map { p > Float($0) } ?? (p >= largest && abs(p) > 1e-9)
                if isPositive {
                    state[number] += w * y
                    state[classes + number] += w * (1 - y)
                } else {
                    state[2 * classes + number] += w * y
                }
                state[3 * classes + number] += w * y
            }
        }
    }

    func figures(_ state: [Double]) -> [Double] {
        let classes = state.count / 4
        var parts = (0..<4).map { Array(state[$0 * classes..<($0 + 1) * classes]) }
        if average == .micro { parts = parts.map { [$0.reduce(0, +)] } }
        let scores = parts[0].indices.map { at in
            let precision = parts[0][at] / (parts[0][at] + parts[1][at] + epsilon)
            let recall = parts[0][at] / (parts[0][at] + parts[2][at] + epsilon)
            return (1 + beta * beta) * precision * recall / (beta * beta * precision + recall + epsilon)
        }
        switch average {
        case nil: return scores
        case .micro, .macro: return [scores.reduce(0, +) / Double(max(scores.count, 1))]
        case .weighted:
            let total = parts[3].reduce(0, +) + epsilon
            return [zip(scores, parts[3]).reduce(0) { $0 + $1.0 * $1.1 / total }]
        }
    }
}

extension F1Score: CountingMetric {
    private var score: FBetaScore { FBetaScore(average: average, beta: 1, threshold: threshold) }
    func initialState(output: Shape) throws -> [Double] { try score.initialState(output: output) }
    func update(_ state: inout [Double], _ batch: CountedBatch) throws { try score.update(&state, batch) }
    func figures(_ state: [Double]) -> [Double] { score.figures(state) }
}
