#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif
import KerasModel
import Tensors

extension AUC: ConfusionMetric {
    func rule(output: Shape) throws -> ThresholdRule {
        var rule = try ThresholdRule(count: thresholds.map { $0.count + 2 } ?? thresholdCount)
        guard rule.thresholds.count > 1 else {
            throw KerasError(.mismatch, "a curve needs two thresholds", at: Place(key: "num_thresholds"), found: "\(thresholdCount)")
        }
        if let thresholds {
            rule.thresholds = [0] + thresholds.map { Float($0) }.sorted() + [1]
            rule.areEven = rule.isEven(rule.thresholds)
        }
        // Everything is above the first, nothing above the last.
        rule.thresholds[0] = -1e-7
        rule.thresholds[rule.thresholds.count - 1] = 1 + 1e-7
        if isMultiLabel {
            rule.labels = labelCount ?? output.dims.last ?? 1
        } else if let labelWeights {
            guard labelWeights.values.count == output.dims.last else {
                throw KerasError(
                    .mismatch, "there is not one weight per label", at: Place(key: "label_weights"), found: "\(labelWeights.values.count)",
                    expected: "\(output.dims.last ?? 1)")
            }
            rule.labelWeights = labelWeights.values.map { Float($0) }
        }
        return rule
    }

    func update(_ state: inout [Double], _ batch: CountedBatch) throws {
        let batch = fromLogits ? batch.withOutputs { Float(1 / (1 + exp(-Double($0)))) } : batch
        try rule(output: batch.outputShape).update(&state, batch)
    }

    func figures(_ counts: ConfusionCounts) -> [Double] {
        let thresholdCount = thresholds.map { $0.count + 2 } ?? thresholdCount
        let labels = counts.indices.count / max(thresholdCount, 1)
        let areas = (0..<labels).map { label in
            let places = (0..<thresholdCount).map { $0 * labels + label }
            return curve == .precisionRecall && summation == .interpolation ? counts.interpolatedArea(places) : area(counts, places)
        }
        guard isMultiLabel else { return areas }
        let weights = labelWeights?.values ?? [Double](repeating: 1, count: labels)
        return [quotient(zip(areas, weights).reduce(0) { $0 + $1.0 * $1.1 }, weights.reduce(0, +))]
    }

    private func area(_ counts: ConfusionCounts, _ places: [Int]) -> Double {
        let points = places.map { point(counts, $0) }
        return zip(points, points.dropFirst()).reduce(0) { sum, sides in
            let (left, right) = sides
            let height =
                switch summation {
                case .interpolation: (left.y + right.y) / 2
                case .minoring: min(left.y, right.y)
                case .majoring: max(left.y, right.y)
                }
            return sum + (left.x - right.x) * height
        }
    }

    private func point(_ counts: ConfusionCounts, _ at: Int) -> (x: Double, y: Double) {
        switch curve {
        case .roc: return (counts.falsePositiveRate(at), counts.recall(at))
        case .precisionRecall: return (counts.recall(at), counts.precision(at))
        case .precisionRecallGain:
            let found = counts.truePositives[at]
            guard found != 0 else { return (0, 1) }
            let scale = quotient(found + counts.falseNegatives[at], counts.trueNegatives[at] + counts.falsePositives[at])
            return (max(1 - scale * counts.falseNegatives[at] / found, 0), 1 - scale * counts.falsePositives[at] / found)
        }
    }
}

extension ConfusionCounts {
    /// Under a precision-recall curve whose true positives grow with the positives between two thresholds.
    ///
    /// Source: Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves", 2006.
    fileprivate func interpolatedArea(_ places: [Int]) -> Double {
        zip(places, places.dropFirst()).reduce(0) { sum, sides in
            let (left, right) = sides
            let positives = (truePositives[left] + falsePositives[left], truePositives[right] + falsePositives[right])
            let found = truePositives[left] - truePositives[right]
            let slope = quotient(found, max(positives.0 - positives.1, 0))
            let intercept = truePositives[right] - slope * positives.1
            let ratio = positives.0 > 0 && positives.1 > 0 ? positives.0 / positives.1 : 1
            return sum + quotient(slope * (found + intercept * log(ratio)), max(truePositives[right] + falseNegatives[right], 0))
        }
    }
}
