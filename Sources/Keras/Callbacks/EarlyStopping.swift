import Tensors

/// Ends training when a figure gets no better. Keras: `EarlyStopping`.
public final class EarlyStopping: Callback {
    private let settings: (monitor: Monitor, patience: Int, baseline: Double?, startFromEpoch: Int)
    private let restoresBestWeights: Bool
    private let verbose: Int
    private var rule: EarlyStoppingRule
    private var bestWeights: [Tensor]?

    /// - Parameters:
    ///   - patience: epochs without a better figure after which it is enough.
    ///   - minDelta: what it must get better by at least.
    ///   - baseline: a figure that is to be beaten too.
    ///   - restoreBestWeights: the model gets the weights of its best epoch in the end.
    ///   - startFromEpoch: before it nothing counts.
    ///   - verbose: 1 to say so.
    public init(
        monitor: String = "val_loss", minDelta: Double = 0, patience: Int = 0, verbose: Int = 0, mode: MonitorMode = .auto,
        baseline: Double? = nil, restoreBestWeights: Bool = false, startFromEpoch: Int = 0
    ) {
        settings = (Monitor(monitor, mode, minDelta: minDelta), patience, baseline, startFromEpoch)
        (restoresBestWeights, self.verbose) = (restoreBestWeights, verbose)
        rule = EarlyStoppingRule(settings.monitor, patience: patience, baseline: baseline, startFromEpoch: startFromEpoch)
    }

    /// The epoch that training ended after, counted from 0.
    public var stoppedEpoch: Int? { rule.stoppedEpoch }
    public var bestEpoch: Int? { rule.bestEpoch }

    public func onTrainBegin(_ training: Training) throws {
        var monitor = settings.monitor
        try monitor.settle(training.spec())
        rule = EarlyStoppingRule(
            monitor, patience: settings.patience, baseline: settings.baseline, startFromEpoch: settings.startFromEpoch)
        bestWeights = nil
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
        let value = try logs.value(of: rule.monitor.name)
        if rule.end(epoch, value), restoresBestWeights { bestWeights = try training.model.getWeights() }
        if rule.stoppedEpoch != nil { training.stopTraining = true }
    }

    public func onTrainEnd(_ training: Training) throws {
        if verbose > 0 { EarlyStopping.sentences(rule, restores: bestWeights != nil).forEach { say($0) } }
        if let bestWeights { try training.model.setWeights(bestWeights) }
        bestWeights = nil
    }

    static func sentences(_ rule: EarlyStoppingRule, restores: Bool) -> [String] {
        var sentences: [String] = []
        if let epoch = rule.stoppedEpoch { sentences.append("Epoch \(epoch + 1): early stopping") }
        if restores, let best = rule.bestEpoch {
            sentences.append("Restoring model weights from the end of the best epoch: \(best + 1).")
        }
        return sentences
    }
}

extension Logs {
    /// A figure that a callback hangs on.
    ///
    /// - Throws: a `mismatch` problem if there is none of this name, where Keras warns and goes on as if it were not there.
    func value(of name: String) throws -> Double {
        guard let value = self[name] else {
            throw KerasError(
                .mismatch, "there is no such figure after an epoch", found: "'\(name)'",
                expected: values.map(\.name).joined(separator: ", "))
        }
        return value
    }
}
