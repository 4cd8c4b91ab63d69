import KerasModel
import Tensors

/// How a metric is computed.
enum MetricArithmetic: Sendable {
    /// A mean over rows.
    case mean(any RowFormula, readsLogits: Bool)
    /// Something made of counts.
    case counts(any CountingMetric)
}

/// What a batch adds to a metric.
enum MetricPart: Sendable {
    case mean(sum: Double, weight: Double)
    /// What its numbers come to, which nobody has looked at.
    case counts
}

extension Metric {
    /// What this metric is for targets and outputs of these shapes.
    ///
    /// - Throws: an `unsupported` problem if only the description is known.
    func arithmetic(target: Shape, output: Shape, loss: Loss?) throws -> MetricArithmetic {
        switch resolved(target: target, output: output, loss: loss) {
        case .function(let known): try MetricArithmetic(known)
        case .loss(let known): .mean(try rowFormula(known.function), readsLogits: known.readsLogits)
        case .accuracy, .crossentropy: throw KerasError(.unsupported, "a metric is not resolved", found: name)
        }
    }
}

extension MetricArithmetic {
    init(_ function: any MetricFunction) throws {
        if let counts = function as? any CountingMetric {
            self = .counts(counts)
        } else {
            self = .mean(try rowFormula(function), readsLogits: false)
        }
    }
}

/// A metric that is gathered batch by batch. Keras: a `Metric` with its variables.
struct MetricState: Sendable {
    private let arithmetic: MetricArithmetic
    private var mean = RunningMean()
    private var counts: [Double]?

    init(_ arithmetic: MetricArithmetic) { self.arithmetic = arithmetic }

    /// - Parameters:
    ///   - batch: for a metric made of counts.
    ///   - isWeighted: whether the samples' weights count.
    ///   - heedsMask: whether the output's mask does, for a metric made of counts.
    /// - Throws: a `mismatch` problem if targets, outputs and weights do not fit together.
    mutating func add(_ part: MetricPart, of batch: OutputBatch?, isWeighted: Bool, heedsMask: Bool = false) throws {
        switch (arithmetic, part) {
        case (.counts(let metric), _):
            guard let batch else { throw KerasError(.mismatch, "a metric does not see the output") }
            let numbers = try CountedBatch(batch, isWeighted: isWeighted, heedsMask: heedsMask)
            var state = try counts ?? metric.initialState(output: numbers.outputShape)
            try metric.update(&state, numbers)
            counts = state
        case (.mean, .mean(let sum, let weight)): mean.add(sum, weight: weight)
        case (.mean, .counts): break
        }
    }

    /// One figure, or, for metrics that are told several thresholds or no average, several.
    var figures: [Double] {
        switch arithmetic {
        case .mean(let function, _): [function.figure(ofMean: mean.value)]
        case .counts(let metric): counts.map(metric.figures) ?? [0]
        }
    }
}

/// A mean that is gathered batch by batch.
struct RunningMean {
    private var total = 0.0
    private var weight = 0.0

    mutating func add(_ value: Double, weight: Double) {
        total += value
        self.weight += weight
    }

    /// 0 of nothing, as Keras reports it.
    var value: Double { weight == 0 ? 0 : total / weight }
}
