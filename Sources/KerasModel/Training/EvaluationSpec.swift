import JSON
import Tensors

/// What an evaluation computes: the loss of each output with its weight, the metrics, and how they are summed up and called.
///
/// Everything here is said outright: where generations of Keras differ, the reader has put in what the model's own one means.
package struct EvaluationSpec: Sendable {
    package struct Output: Sendable {
        package var name: String
        /// nil: the output is not looked at.
        package var loss: Loss?
        /// What its loss counts for in the sum.
        package var weight = 1.0
        package var metrics: [NamedMetric] = []
    }

    package struct NamedMetric: Sendable {
        package var name: String
        package var metric: Metric
        /// True for `weighted_metrics`: the samples' weights count.
        package var isWeighted: Bool
    }

    /// How the samples' weights w enter a batch's loss L.
    package enum SampleWeighting: Sendable {
        /// `Σ L·w / n`: tf.keras and Keras 3.
        case overAll
        /// `mean(L·w) / mean(w ≠ 0)`: Keras 2.
        case overNonzero
    }

    /// In the model's order.
    package var outputs: [Output]
    package var sampleWeighting = SampleWeighting.overAll
    /// True where the penalties on frozen weights count too: before Keras 3.
    package var penalizesFrozen = false
    /// True where the mask of an output counts in every metric: before Keras 3, in which those alone heed it that are a loss's or an accuracy's
    /// mean.
    package var allMetricsHeedMasks = false
    /// True where each output's own loss is reported beside the sum.
    package var reportsOutputLosses: Bool
    /// True where a short last batch counts as much as the others in those: Keras 3 on TensorFlow, whose graph does not know the batch's
    /// length. The sum itself and the metrics weigh every sample alike in every Keras.
    package var outputLossesCountBatches = false

    /// As Keras 3 takes them, but for ``outputLossesCountBatches``.
    ///
    /// - Throws: a `mismatch` problem if a list has not one entry per output.
    package init(
        outputNames: [String], losses: [Loss?], lossWeights: [Double]? = nil, metrics: [[Metric]] = [], weightedMetrics: [[Metric]] = []
    ) throws {
        for (what, count) in [
            ("losses", losses.count), ("loss weights", lossWeights?.count), ("lists of metrics", metrics.isEmpty ? nil : metrics.count),
            ("lists of weighted metrics", weightedMetrics.isEmpty ? nil : weightedMetrics.count),
        ] {
            guard let count, count != outputNames.count else { continue }
            throw KerasError(
                .mismatch, "a model is told another number of \(what) than it has outputs", found: "\(count)",
                expected: "\(outputNames.count)")
        }
        outputs = outputNames.enumerated().map { index, name in
            Output(name: name, loss: losses[index], weight: lossWeights?[index] ?? 1)
        }
        reportsOutputLosses = losses.count { $0 != nil } > 1
        add([metrics, weightedMetrics])
    }

    /// - Parameter lists: for each output, those that do not heed samples' weights, and those that do.
    private mutating func add(_ lists: [[[Metric]]]) {
        var names = NameCounter()
        for (isWeighted, metrics) in zip([false, true], lists) {
            for (index, list) in metrics.enumerated() {
                outputs[index].metrics += list.map { metric in
                    var name = display(metric, of: index)
                    if isWeighted && !metric.isNamed && names.knows(name) {
                        var marked = metric
                        marked.name = "weighted_" + metric.name
                        name = display(marked, of: index)
                    }
                    return NamedMetric(name: names.unique(name), metric: metric, isWeighted: isWeighted)
                }
            }
        }
    }

    private func display(_ metric: Metric, of output: Int) -> String {
        outputs.count > 1 && !metric.isNamed ? "\(outputs[output].name)_\(metric.name)" : metric.name
    }

    /// What a file says its model was compiled with.
    ///
    /// - Parameter outputNames: the names of the layers that give the outputs, in the model's order.
    /// - Throws: every problem found: `unsupported` for losses and metrics this version lacks, `mismatch` for what fits no output.
    package init(_ configuration: TrainingConfiguration, origin: Origin, outputNames: [String]) throws {
        let dialect = configuration.dialect
        let context = DecodingContext(dialect: dialect, registry: .keras)
        let reader = CompileTrees(dialect: dialect, outputNames: outputNames)
        var problems = ProblemList()
        let read = problems.attempt(at: Place(key: "loss")) {
            try reader.perOutput(configuration.loss).map { $0.isNull ? nil : try Loss(config: $0, in: context) }
        }
        let weights = problems.attempt(at: Place(key: "loss_weights")) {
            try reader.perOutput(configuration.lossWeights).map { $0.isNull ? 1 : try Double(config: $0, in: context) }
        }
        let isEarly = dialect == .keras2 && origin.kerasVersion?.isBefore(2, 3) ?? false
        var lists: [[[Metric]]] = []
        for (key, json) in [("metrics", configuration.metrics), ("weighted_metrics", configuration.weightedMetrics)] {
            let list = problems.attempt(at: Place(key: key)) {
                try reader.lists(json).map { try $0.map { try Metric(config: $0, in: context, showsFunctionNames: isEarly) } }
            }
            lists.append(list ?? [])
        }
        try problems.throwIfAny()

        try self.init(outputNames: outputNames, losses: read ?? [], lossWeights: weights)
        sampleWeighting = dialect == .keras2 ? .overNonzero : .overAll
        penalizesFrozen = dialect != .keras3
        allMetricsHeedMasks = dialect != .keras3
        if dialect != .keras3 { reportsOutputLosses = outputNames.count > 1 }
        if dialect == .tfKeras { mendAccuracies(&lists) }
        if dialect == .keras3 {
            outputLossesCountBatches = (origin.backend ?? "tensorflow") == "tensorflow"
            // Only TensorFlow's backend looks behind a softmax.
            if !outputLossesCountBatches { forgetLogits(&lists) }
        }
        add(lists)
    }

    /// A model that tf.keras saves before it has seen a batch says `categorical_accuracy` where `accuracy` was asked for, whatever its targets are.
    /// Beside a loss of class numbers that is the accuracy of class numbers, as it becomes once the model is trained.
    private func mendAccuracies(_ lists: inout [[[Metric]]]) {
        for index in outputs.indices where outputs[index].loss?.function is SparseCategoricalCrossentropy {
            for list in lists.indices where lists[list].indices.contains(index) {
                lists[list][index] = lists[list][index].map { metric in
                    guard case .function(let function) = metric.form, function is CategoricalAccuracy, metric.name.hasSuffix("accuracy"),
                        !metric.name.hasSuffix("categorical_accuracy")
                    else { return metric }
                    var mended = metric
                    mended.form = .accuracy(.byShapes)
                    return mended
                }
            }
        }
    }

    private mutating func forgetLogits(_ lists: inout [[[Metric]]]) {
        for index in outputs.indices { outputs[index].loss?.readsLogits = false }
        lists = lists.map { outputs in
            outputs.map { metrics in
                metrics.map { metric in
                    guard case .loss(var loss) = metric.form else { return metric }
                    loss.readsLogits = false
                    var changed = metric
                    changed.form = .loss(loss)
                    return changed
                }
            }
        }
    }
}

/// The second of equal names gets `_1`, the third `_2`.
private struct NameCounter {
    private var counts: [String: Int] = [:]
    func knows(_ name: String) -> Bool { counts[name] != nil }

    mutating func unique(_ name: String) -> String {
        let count = counts[name, default: 0]
        counts[name] = count + 1
        return count == 0 ? name : "\(name)_\(count)"
    }
}

/// What was told to `compile` in one of the forms Python takes, brought to one entry per output.
private struct CompileTrees {
    let dialect: Dialect
    let outputNames: [String]

    /// One for all, a list in the model's order, or a dictionary by output name.
    func perOutput(_ json: JSON) throws -> [JSON] {
        if let object = json.object, object["class_name"] == nil { return try byName(object) }
        guard let items = json.array ?? json["items"]?.array else { return outputNames.map { _ in json } }
        guard items.count == outputNames.count else {
            throw KerasError(.mismatch, "a list has not one entry per output", found: "\(items.count)", expected: "\(outputNames.count)")
        }
        return items
    }

    /// The same with a list of things for each output; before Keras 3 one flat list serves every output.
    func lists(_ json: JSON) throws -> [[JSON]] {
        if outputNames.count == 1, json["class_name"] != nil || json.object == nil { return [flat(json)] }
        if let items = json.array, dialect != .keras3, !items.contains(where: { $0.array != nil }) {
            return outputNames.map { _ in flat(json) }
        }
        if json.array?.isEmpty == true { return outputNames.map { _ in [] } }
        return try perOutput(json).map(flat)
    }

    private func byName(_ object: JSONObject) throws -> [JSON] {
        if let stranger = object.keys.first(where: { !outputNames.contains($0) }) {
            throw KerasError(
                .mismatch, "no output has this name", found: "'\(stranger)'",
                expected: outputNames.map { "'\($0)'" }.joined(separator: " or "))
        }
        return outputNames.map { object[$0] ?? .null }
    }

    private func flat(_ json: JSON) -> [JSON] {
        if json.isNull { return [] }
        return json.array?.flatMap(flat) ?? [json]
    }
}

extension Architecture {
    /// What Keras calls the outputs: the layers that give them, the second output of one layer with `_1`.
    package var outputNames: [String] {
        var names = NameCounter()
        return outputs.leaves.map { names.unique(layer($0.layer)?.name ?? "") }
    }
}
