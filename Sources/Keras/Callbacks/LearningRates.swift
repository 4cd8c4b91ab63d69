import Tensors

/// Makes the learning rate smaller when a figure gets no better. Keras: `ReduceLROnPlateau`.
public final class ReduceLROnPlateau: Callback {
    private let settings: (monitor: Monitor, factor: Double, patience: Int, cooldown: Int, minimum: Double)
    private let verbose: Int
    private var rule: PlateauRule

    /// - Parameters:
    ///   - factor: what the rate is multiplied by.
    ///   - patience: epochs without a better figure after which it is.
    ///   - cooldown: epochs after that in which nothing is counted.
    ///   - minLR: the rate is never less.
    ///   - verbose: 1 to say so.
    public init(
        monitor: String = "val_loss", factor: Double = 0.1, patience: Int = 10, verbose: Int = 0, mode: MonitorMode = .auto,
        minDelta: Double = 1e-4, cooldown: Int = 0, minLR: Double = 0
    ) {
        settings = (Monitor(monitor, mode, minDelta: minDelta), factor, patience, cooldown, minLR)
        self.verbose = verbose
        rule = PlateauRule(settings.monitor, factor: factor, patience: patience, cooldown: cooldown, minimum: minLR)
    }

    public func onTrainBegin(_ training: Training) throws {
        var monitor = settings.monitor
        try monitor.settle(training.spec())
        rule = PlateauRule(
            monitor, factor: settings.factor, patience: settings.patience, cooldown: settings.cooldown, minimum: settings.minimum)
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
        let rate = training.learningRate
        training.log("learning_rate", rate)
        guard let new = rule.end(try logs.value(of: rule.monitor.name), rate: rate) else { return }
        training.learningRate = new
        if verbose > 0 { say(ReduceLROnPlateau.sentence(epoch, new)) }
    }

    static func sentence(_ epoch: Int, _ rate: Double) -> String {
        "\nEpoch \(epoch + 1): ReduceLROnPlateau reducing learning rate to \(plain(rate))."
    }
}

/// Sets the learning rate of each epoch. Keras: `LearningRateScheduler`.
public final class LearningRateScheduler: Callback {
    private let schedule: (_ epoch: Int, _ learningRate: Double) throws -> Double
    private let verbose: Int

    /// - Parameters:
    ///   - schedule: the rate of an epoch, counted from 0, from that before it.
    ///   - verbose: 1 to say so.
    public init(verbose: Int = 0, _ schedule: @escaping (_ epoch: Int, _ learningRate: Double) throws -> Double) {
        (self.schedule, self.verbose) = (schedule, verbose)
    }

    public func onEpochBegin(_ epoch: Int, _ training: Training) throws {
        let rate = try schedule(epoch, training.learningRate)
        training.learningRate = rate
        if verbose > 0 { say("\nEpoch \(epoch + 1): LearningRateScheduler setting learning rate to \(plain(rate)).") }
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) { training.log("learning_rate", training.learningRate) }
}
