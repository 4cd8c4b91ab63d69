import KerasModel
import Tensors

/// The loss and the metrics of one output as formulas.
struct OutputFigures {
    /// One number.
    private(set) var loss: Term?
    /// What has to be computed: the loss, and of each metric that is a mean over rows the sum, with its weight unless that is known beforehand.
    private(set) var results: [Term] = []
    private(set) var reader = FigureReader()
    /// The numbers that all this is means of; nil if something is more than that.
    private(set) var rows: [Term]? = []

    /// Of an output that is not looked at.
    init() {}

    /// - Throws: a `mismatch` problem if targets, outputs and weights do not fit, `unsupported` for what has no arithmetic.
    ///
    /// - Parameter mask: that of the output.
    init(_ output: EvaluationSpec.Output, _ terms: OutputTerms, weights: Term?, mask: Term?, _ spec: EvaluationSpec) throws {
        let weighting = spec.sampleWeighting
        if let function = output.loss {
            reader.functions.append(try rowFormula(function.function))
            let (loss, summed) = try function.batch(terms, weights: weights, mask: mask, weighting: weighting)
            self.loss = loss
            results.append(loss)
            rows = summed.map { [$0] }
            reader.hasLoss = true
        }
        for metric in output.metrics {
            let arithmetic = try metric.metric.arithmetic(target: terms.target.shape, output: terms.output.shape, loss: output.loss)
            guard case .mean(let function, let readsLogits) = arithmetic else {
                reader.metrics.append((arithmetic, nil))
                self.rows = nil
                continue
            }
            reader.functions.append(function)
            let (rows, counted) = try function.rows(terms, readsLogits: readsLogits)
            var weights = metric.isWeighted ? weights : nil
            if let counted, weights != nil || !function.countsAllInMetrics {
                weights = try weights.map { try $0.asWeights(of: rows) * counted } ?? counted
            }
            self.rows = weights == nil || weighting != .overNonzero ? self.rows.map { $0 + [rows] } : nil
            let heeded = spec.allMetricsHeedMasks || function.heedsMasks ? mask : nil
            let (sum, weight) = try rows.meanParts(weights: weights, mask: heeded, weighting: weighting)
            results += [sum] + (weight.map { [$0] } ?? [])
            reader.metrics.append((arithmetic, weight == nil ? Double(rows.shape.count) : nil))
        }
    }
}

/// Puts the numbers that an output's formulas came to in their places.
struct FigureReader: Sendable {
    fileprivate(set) var hasLoss = false
    /// What the metrics are for batches of this form, and the weight of each one's mean where that is known beforehand.
    fileprivate(set) var metrics: [(arithmetic: MetricArithmetic, count: Double?)] = []
    fileprivate(set) var functions: [any RowFormula] = []

    /// True if a metric looks at the outputs themselves.
    var readsOutputs: Bool { metrics.contains { if case .mean = $0.arithmetic { false } else { true } } }

    /// Takes as many numbers as ``OutputFigures/results`` has.
    func read(_ numbers: inout ArraySlice<Double>) -> BatchFigures {
        let loss = hasLoss ? numbers.removeFirst() : nil
        let parts = metrics.map { arithmetic, count in
            guard case .mean = arithmetic else { return (arithmetic: arithmetic, part: MetricPart.counts) }
            return (arithmetic, .mean(sum: numbers.removeFirst(), weight: count ?? numbers.removeFirst()))
        }
        return BatchFigures(loss: loss, metrics: parts)
    }

    /// Looks at what no formula can refuse.
    ///
    /// - Throws: a `mismatch` problem for targets that a function is not defined for.
    func check(_ targets: Tensor, outputs: Shape) throws {
        for function in functions { try function.check(targets, outputs: outputs) }
    }
}

/// What a batch comes to for one output.
struct BatchFigures {
    var loss: Double?
    var metrics: [(arithmetic: MetricArithmetic, part: MetricPart)] = []
}
