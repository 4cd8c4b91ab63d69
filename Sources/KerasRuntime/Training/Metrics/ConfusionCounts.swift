import KerasModel
import Tensors

/// True and false positives and negatives at each of some thresholds, for all labels together or for each.
struct ConfusionCounts {
    /// For each threshold and label, label fastest.
    var truePositives, falsePositives, trueNegatives, falseNegatives: [Double]

    init(_ state: [Double]) {
        let count = state.count / 4
        func part(_ index: Int) -> [Double] { Array(state[index * count..<(index + 1) * count]) }
        (truePositives, falsePositives, trueNegatives, falseNegatives) = (part(0), part(1), part(2), part(3))
    }

    var state: [Double] { truePositives + falsePositives + trueNegatives + falseNegatives }
    var indices: Range<Int> { truePositives.indices }

    func precision(_ at: Int) -> Double { quotient(truePositives[at], truePositives[at] + falsePositives[at]) }
    /// Sensitivity.
    func recall(_ at: Int) -> Double { quotient(truePositives[at], truePositives[at] + falseNegatives[at]) }
    func specificity(_ at: Int) -> Double { quotient(trueNegatives[at], trueNegatives[at] + falsePositives[at]) }
    func falsePositiveRate(_ at: Int) -> Double { quotient(falsePositives[at], falsePositives[at] + trueNegatives[at]) }
}

/// Thresholds, and how outputs are held against them.
struct ThresholdRule {
    var thresholds: [Float]
    /// They stand evenly from 0 to 1 (or a little outside), and outputs are put into buckets between them, as Keras does, in float32.
    var areEven: Bool
    var topK: Int?
    var classID: Int?
    /// How many labels are counted each for itself.
    var labels = 1
    /// Of the labels, where they are counted together.
    var labelWeights: [Float]?

    static let noThreshold: Float = -1e10

    init(_ given: Numbers?, absent: Double = 0.5) {
        thresholds = (given?.values ?? [absent]).map { Float($0) }
        areEven = false
        areEven = isEven(thresholds)
    }

    /// Evenly from 0 to 1.
    init(count: Int) throws {
        guard count > 0, count <= 1 << 20 else {
            throw KerasError(
                .mismatch, "a metric's thresholds are too few or too many", at: Place(key: "num_thresholds"), found: "\(count)",
                expected: "1 … \(1 << 20)")
        }
        thresholds = count == 1 ? [0.5] : (0..<count).map { Float(Double($0) / Double(count - 1)) }
        areEven = count > 1
    }

    /// What Keras takes for evenly distributed.
    func isEven(_ thresholds: [Float]) -> Bool {
        guard thresholds.count >= 3 else { return false }
        return thresholds.enumerated().allSatisfy { index, threshold in
            let even = Float(index) / Float(thresholds.count - 1)
            return abs(threshold - even) <= 1e-7 + 1e-5 * abs(even)
        }
    }

    func initialState() throws -> [Double] { try zeros(4, thresholds.count, labels) }

    /// - Throws: a `mismatch` problem if targets and outputs do not fit, or have no such class.
    func update(_ state: inout [Double], _ batch: CountedBatch) throws {
        try batch.checkTargets()
        var counts = ConfusionCounts(state)
        let classes = max(batch.outputShape.dims.last ?? 1, 1)
        if let classID, batch.outputShape.rank < 2 || !(0..<classes).contains(classID) {
            throw KerasError(
                .mismatch, "the output has no such class", at: Place(key: "class_id"), found: "\(classID)", expected: "0 … \(classes - 1)")
        }
        if labels > 1, batch.outputShape.rank != 2 || classes != labels {
            throw KerasError(
                .mismatch, "the output has another number of labels", found: "\(batch.outputShape)", expected: "(samples, \(labels))")
        }
        let weights = try batch.weights(of: batch.outputShape)
        let outputs = topK.map { batch.outputs.keepingLargest($0, of: classes) } ?? batch.outputs
        // Of the outputs of each label, by how many thresholds they are above, if those ascend.
        var steps = (positive: [Double](), negative: [Double]())
        if areEven {
            steps.positive = [Double](repeating: 0, count: (thresholds.count + 1) * labels)
            steps.negative = steps.positive
        }
        for index in outputs.indices where classID == nil || index % classes == classID {
            let weight = Double((weights?[index] ?? 1) * (labelWeights?[index % classes] ?? 1))
            let label = labels > 1 ? index % classes : 0
            let isPositive = batch.targets[index] != 0
            guard !areEven else {
                let at = evenThresholds(below: outputs[index]) * labels + label
                if isPositive { steps.positive[at] += weight } else { steps.negative[at] += weight }
                continue
            }
            for threshold in thresholds.indices {
                let at = threshold * labels + label
                switch (outputs[index] > thresholds[threshold], isPositive) {
                case (true, true): counts.truePositives[at] += weight
                case (true, false): counts.falsePositives[at] += weight
                case (false, true): counts.falseNegatives[at] += weight
                case (false, false): counts.trueNegatives[at] += weight
                }
            }
        }
        if areEven {
            for label in 0..<labels { add(steps.positive, label, &counts.truePositives, &counts.falseNegatives) }
            for label in 0..<labels { add(steps.negative, label, &counts.falsePositives, &counts.trueNegatives) }
        }
        state = counts.state
    }

    /// How many thresholds an output is above: Keras rounds up, and an output of 0 is above none but one that is less than 0.
    private func evenThresholds(below output: Float) -> Int {
        let bucket = (output.clipped(0, 1) * Float(thresholds.count - 1)).rounded(.up)
        guard bucket.isFinite else { return 0 }
        return max(Int(bucket), thresholds[0] < 0 ? 1 : 0)
    }

    private func add(_ steps: [Double], _ label: Int, _ above: inout [Double], _ notAbove: inout [Double]) {
        var below = 0.0
        let total = stride(from: label, to: steps.count, by: labels).reduce(0) { $0 + steps[$1] }
        for threshold in thresholds.indices {
            below += steps[threshold * labels + label]
            above[threshold * labels + label] += total - below
            notAbove[threshold * labels + label] += below
        }
    }
}

extension [Float] {
    /// Of each row, the k largest numbers, the first of equals; the others are below every threshold.
    fileprivate func keepingLargest(_ k: Int, of columns: Int) -> [Float] {
        var kept = [Float](repeating: ThresholdRule.noThreshold, count: count)
        for row in stride(from: 0, to: count, by: columns) {
            let order = (row..<Swift.min(row + columns, count)).sorted { self[$0] == self[$1] ? $0 < $1 : self[$0] > self[$1] }
            for index in order.prefix(Swift.max(k, 0)) { kept[index] = self[index] }
        }
        return kept
    }
}
