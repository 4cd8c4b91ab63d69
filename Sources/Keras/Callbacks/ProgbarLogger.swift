import Storage

/// Shows how training goes, in Keras 3's words. Keras: `ProgbarLogger`, which `verbose` of `fit` asks for.
public final class ProgbarLogger: Callback {
    private let verbose: Int
    private let stream: StandardStream
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var bar: ProgressBar?

    /// - Parameter verbose: 1 for a bar, where somebody looks at a terminal; 2 for a line after each epoch.
    public convenience init(verbose: Int = 1) { self.init(verbose: verbose, to: .output) }

    package init(verbose: Int, to stream: StandardStream) {
        self.verbose = verbose == 1 && !stream.isTerminal ? 0 : verbose
        self.stream = stream
        start = clock.now
    }

    /// False if it says nothing.
    var isSeen: Bool { verbose > 0 }

    private var now: Double {
        let time = start.duration(to: clock.now).components
        return Double(time.seconds) + Double(time.attoseconds) * 1e-18
    }

    public func onEpochBegin(_ epoch: Int, _ training: Training) {
        guard verbose > 0 else { return }
        if training.epochs > 1 { stream.write("Epoch \(epoch + 1)/\(training.epochs)\n") }
        bar = ProgressBar(target: training.steps, verbose == 1 ? .bar : .line, at: now)
    }

    public func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) {
        guard verbose == 1 else { return }
        show(batch + 1, logs, isLast: false)
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) { show(training.steps, logs, isLast: true) }

    private func show(_ steps: Int, _ logs: Logs, isLast: Bool) {
        if let text = bar?.update(steps, logs.values, at: now, isLast: isLast) { stream.write(text) }
    }
}

/// What callbacks tell.
func say(_ sentence: String) { StandardStream.output.write(sentence + "\n") }
