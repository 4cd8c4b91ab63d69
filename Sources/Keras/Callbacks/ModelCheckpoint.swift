import Storage
import Tensors

/// Saves the model now and then. Keras: `ModelCheckpoint`.
///
/// A file is written beside its goal and renamed over it: whatever happens meanwhile, the one before is there.
public final class ModelCheckpoint: Callback {
    private let path: String
    private var monitor: Monitor
    private let savesBestOnly: Bool
    private let savesWeightsOnly: Bool
    private let verbose: Int
    private var counter: BatchCounter
    private var epoch = 0

    /// - Parameters:
    ///   - path: ends in `.keras` or `.h5`, or `.weights.h5` for weights alone. `{epoch:02d}`, `{val_loss:.2f}` and the like stand for numbers.
    ///   - saveBestOnly: only when the figure has got better.
    ///   - saveFrequency: after each epoch, or after so many batches.
    ///   - initialValueThreshold: what must be beaten at first.
    ///   - verbose: 1 to say so.
    public init(
        _ path: String, monitor: String = "val_loss", verbose: Int = 0, saveBestOnly: Bool = false, saveWeightsOnly: Bool = false,
        mode: MonitorMode = .auto, saveFrequency: SaveFrequency = .epoch, initialValueThreshold: Double? = nil
    ) {
        (self.path, self.verbose) = (path, verbose)
        self.monitor = Monitor(monitor, mode, best: initialValueThreshold)
        (savesBestOnly, savesWeightsOnly, counter) = (saveBestOnly, saveWeightsOnly, BatchCounter(saveFrequency))
    }

    public func onTrainBegin(_ training: Training) throws {
        let endings = savesWeightsOnly ? [".weights.h5"] : [".keras", ".h5"]
        guard endings.contains(where: path.hasSuffix) else {
            throw KerasError(
                .mismatch, "a checkpoint's name has another ending", found: "'\(path)'", expected: endings.joined(separator: " or "))
        }
        if savesBestOnly { try monitor.settle(training.spec()) }
    }

    public func onEpochBegin(_ epoch: Int, _ training: Training) { self.epoch = epoch }

    public func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) throws {
        if counter.end(batch) { try save(batch, logs, training) }
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
        if case .epoch = counter.frequency { try save(nil, logs, training) }
    }

    private func save(_ batch: Int?, _ logs: Logs, _ training: Training) throws {
        var numbers: [(name: String, number: TemplateNumber)] = [("epoch", .integer(epoch + 1))]
        if let batch { numbers.append(("batch", .integer(batch + 1))) }
        let path = try filled(path, with: numbers + logs.values.map { ($0.name, .real($0.value)) })
        guard try isWanted(logs, path) else { return }
        try Folders.make(Folders.folder(of: path))
        if savesWeightsOnly { try training.model.saveWeights(to: path) } else { try training.model.save(to: path) }
        tell("finished saving model to \(path)")
    }

    private func isWanted(_ logs: Logs, _ path: String) throws -> Bool {
        guard savesBestOnly else {
            tell("saving model to \(path)")
            return true
        }
        let value = try logs.value(of: monitor.name)
        let best = monitor.best.map { fixed($0, 5) } ?? "None"
        guard monitor.isBetter(value, than: monitor.best) else {
            tell("\(monitor.name) did not improve from \(best)")
            return false
        }
        tell("\(monitor.name) improved from \(best) to \(fixed(value, 5)), saving model to \(path)")
        monitor.best = value
        return true
    }

    private func tell(_ sentence: String) {
        if verbose > 0 { say("\nEpoch \(epoch + 1): \(sentence)") }
    }
}
