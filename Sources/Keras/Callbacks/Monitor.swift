import KerasModel
import Tensors

/// Which way a figure gets better. Keras: `mode`.
public enum MonitorMode: String, Sendable {
    /// As the metric of this name says, and a loss falls.
    case auto
    case min
    case max
}

/// Whether a figure has got better. Keras: `MonitorCallback`.
struct Monitor {
    let name: String
    let mode: MonitorMode
    /// What it must get better by at least.
    let minDelta: Double
    var best: Double?
    private var rises: Bool?

    init(_ name: String, _ mode: MonitorMode, minDelta: Double = 0, best: Double? = nil) {
        (self.name, self.mode, self.minDelta, self.best) = (name, mode, minDelta.magnitude, best)
    }

    /// Finds out which way is up.
    ///
    /// - Parameter spec: what the model is evaluated by.
    /// - Throws: a `mismatch` problem if nobody says.
    mutating func settle(_ spec: EvaluationSpec) throws {
        guard rises == nil else { return }
        switch mode {
        case .min: rises = false
        case .max: rises = true
        case .auto:
            let metric = name.hasPrefix("val_") ? String(name.dropFirst(4)) : name
            if metric == "loss" || metric.hasSuffix("_loss") {
                rises = false
            } else {
                rises = spec.outputs.flatMap(\.metrics).first { $0.name == metric }?.metric.rises
            }
            guard rises != nil else {
                throw KerasError(
                    .mismatch, "nobody says whether this figure should rise or fall", found: "'\(name)'",
                    expected: "mode: .max or .min")
            }
        }
    }

    /// Keras compares in float32.
    func isBetter(_ value: Double, than reference: Double?) -> Bool {
        guard let reference else { return true }
        return rises == true ? Float(value - minDelta) > Float(reference) : Float(value + minDelta) < Float(reference)
    }
}

/// When training ends early, and which epoch was the best. Keras: `EarlyStopping.on_epoch_end`.
struct EarlyStoppingRule {
    var monitor: Monitor
    let patience: Int
    let baseline: Double?
    let startFromEpoch: Int
    private(set) var wait = 0
    private(set) var bestEpoch: Int?
    private(set) var stoppedEpoch: Int?

    init(_ monitor: Monitor, patience: Int, baseline: Double? = nil, startFromEpoch: Int = 0) {
        (self.monitor, self.patience, self.baseline, self.startFromEpoch) = (monitor, patience, baseline, startFromEpoch)
    }

    /// - Returns: true if this epoch's weights are to be kept.
    mutating func end(_ epoch: Int, _ value: Double) -> Bool {
        guard epoch >= startFromEpoch else { return false }
        let isFirst = bestEpoch == nil
        if isFirst { bestEpoch = epoch }
        wait += 1
        if monitor.isBetter(value, than: monitor.best) {
            monitor.best = value
            bestEpoch = epoch
            if baseline == nil || monitor.isBetter(value, than: baseline) { wait = 0 }
            return true
        }
        if wait >= patience, epoch > 0 { stoppedEpoch = epoch }
        return isFirst
    }
}

/// When the rate is made smaller. Keras: `ReduceLROnPlateau.on_epoch_end`.
struct PlateauRule {
    var monitor: Monitor
    let factor: Double
    let patience: Int
    let cooldown: Int
    let minimum: Double
    private var wait = 0
    private var rest = 0

    init(_ monitor: Monitor, factor: Double, patience: Int, cooldown: Int, minimum: Double) {
        (self.monitor, self.factor, self.patience, self.cooldown, self.minimum) = (monitor, factor, patience, cooldown, minimum)
    }

    /// - Returns: the rate from now on, if it changes.
    mutating func end(_ value: Double, rate: Double) -> Double? {
        if rest > 0 {
            rest -= 1
            wait = 0
        }
        if monitor.isBetter(value, than: monitor.best) {
            monitor.best = value
            wait = 0
            return nil
        }
        guard rest == 0 else { return nil }
        wait += 1
        guard wait >= patience, rate > Double(Float(minimum)) else { return nil }
        rest = cooldown
        wait = 0
        return max(rate * factor, minimum)
    }
}

/// After how many batches something is done. Keras: `save_freq`.
public enum SaveFrequency: Sendable {
    case epoch
    case batches(Int)
}

struct BatchCounter {
    let frequency: SaveFrequency
    private var seen = 0
    private var last: Int?

    init(_ frequency: SaveFrequency) { self.frequency = frequency }

    /// - Returns: true if it is time, after this batch of its epoch, counted from 0.
    mutating func end(_ batch: Int) -> Bool {
        guard case .batches(let count) = frequency else { return false }
        seen += last.map { batch > $0 ? batch - $0 : batch + 1 } ?? batch + 1
        last = batch
        guard seen >= count else { return false }
        seen = 0
        return true
    }
}
