import KerasModel
import Tensors

/// A metric made of the four counts at some thresholds.
protocol ConfusionMetric: CountingMetric {
    /// - Parameter output: the shape of the outputs.
    func rule(output: Shape) throws -> ThresholdRule
    func figures(_ counts: ConfusionCounts) -> [Double]
}

extension ConfusionMetric {
    func initialState(output: Shape) throws -> [Double] { try rule(output: output).initialState() }
    func update(_ state: inout [Double], _ batch: CountedBatch) throws { try rule(output: batch.outputShape).update(&state, batch) }
    func figures(_ state: [Double]) -> [Double] { figures(ConfusionCounts(state)) }
}

extension TruePositives: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.truePositives }
}

extension FalsePositives: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.falsePositives }
}

extension TrueNegatives: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.trueNegatives }
}

extension FalseNegatives: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.falseNegatives }
}

extension Precision: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds, topK: topK, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.indices.map(counts.precision) }
}

extension Recall: ConfusionMetric {
    func rule(output: Shape) -> ThresholdRule { ThresholdRule(thresholds, topK: topK, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { counts.indices.map(counts.recall) }
}

extension SensitivityAtSpecificity: ConfusionMetric {
    func rule(output: Shape) throws -> ThresholdRule { try ThresholdRule(count: thresholdCount, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { [counts.best(counts.recall, where: counts.specificity, atLeast: specificity)] }
}

extension SpecificityAtSensitivity: ConfusionMetric {
    func rule(output: Shape) throws -> ThresholdRule { try ThresholdRule(count: thresholdCount, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { [counts.best(counts.specificity, where: counts.recall, atLeast: sensitivity)] }
}

extension PrecisionAtRecall: ConfusionMetric {
    func rule(output: Shape) throws -> ThresholdRule { try ThresholdRule(count: thresholdCount, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { [counts.best(counts.precision, where: counts.recall, atLeast: recall)] }
}

extension RecallAtPrecision: ConfusionMetric {
    func rule(output: Shape) throws -> ThresholdRule { try ThresholdRule(count: thresholdCount, classID: classID) }
    func figures(_ counts: ConfusionCounts) -> [Double] { [counts.best(counts.recall, where: counts.precision, atLeast: precision)] }
}

extension ConfusionCounts {
    /// The most over the thresholds where another figure is enough, 0 if that is nowhere. Keras compares in float32.
    fileprivate func best(_ figure: (Int) -> Double, where other: (Int) -> Double, atLeast limit: Double) -> Double {
        indices.reduce(0) { Float(other($1)) >= Float(limit) ? max($0, figure($1)) : $0 }
    }
}

extension ThresholdRule {
    fileprivate init(_ given: Numbers?, topK: Int?, classID: Int?) {
        self.init(given, absent: topK == nil ? 0.5 : Double(ThresholdRule.noThreshold))
        (self.topK, self.classID) = (topK, classID)
    }

    fileprivate init(count: Int, classID: Int?) throws {
        try self.init(count: count)
        self.classID = classID
    }
}
