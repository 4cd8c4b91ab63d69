import JSON
import Tensors

extension TrainingConfiguration {
    /// What `compile` was told, in Keras 3's words.
    ///
    /// - Throws: `unsupported` for what those cannot say.
    package init(_ optimizer: Optimizer, _ spec: EvaluationSpec) throws {
        let context = EncodingContext(dialect: .keras3)
        let losses = try spec.outputs.map { try $0.loss?.config(in: context) ?? .null }
        func metrics(_ isWeighted: Bool) throws -> JSON {
            let lists = try spec.outputs.map { output in
                try output.metrics.filter { $0.isWeighted == isWeighted }.map { try $0.metric.config(in: context) }
            }
            if lists.allSatisfy(\.isEmpty) { return nil }
            return .array(lists.count == 1 ? lists[0] : lists.map { .array($0) })
        }
        let isWeighted = spec.outputs.contains { $0.weight != 1 }
        self.init(
            dialect: .keras3, loss: losses.count == 1 ? losses[0] : .array(losses),
            lossWeights: isWeighted ? .array(spec.outputs.map { .float($0.weight) }) : nil, metrics: try metrics(false),
            weightedMetrics: try metrics(true), optimizer: try optimizer.config())
    }

    /// A rate that training has changed.
    package mutating func set(learningRate: Double) {
        optimizer = LossScale.replacingInner(of: optimizer) { inner in
            guard var object = inner.object, var config = object["config"]?.object else { return inner }
            config[config.contains("lr") ? "lr" : "learning_rate"] = .float(learningRate)
            object["config"] = .object(config)
            return .object(object)
        }
        source = nil
    }
}
