/// Something that is told how training goes, and may change it. Keras: `keras.callbacks.Callback`.
///
/// Figures are those that Keras shows: `loss`, the metrics, and after an epoch the same of the validation data as `val_loss`, ….
public protocol Callback: AnyObject {
    func onTrainBegin(_ training: Training) throws
    func onTrainEnd(_ training: Training) throws
    func onEpochBegin(_ epoch: Int, _ training: Training) throws
    func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws
    func onTrainBatchBegin(_ batch: Int, _ training: Training) throws
    func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) throws
}

extension Callback {
    public func onTrainBegin(_ training: Training) throws {}
    public func onTrainEnd(_ training: Training) throws {}
    public func onEpochBegin(_ epoch: Int, _ training: Training) throws {}
    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {}
    public func onTrainBatchBegin(_ batch: Int, _ training: Training) throws {}
    public func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) throws {}
}

/// Figures by name, in the order Keras prints them.
public struct Logs: Sendable, Equatable, CustomStringConvertible {
    public var values: [(name: String, value: Double)]

    public init(_ values: [(name: String, value: Double)] = []) { self.values = values }

    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
    public var description: String { values.map { "\($0.name): \($0.value)" }.joined(separator: " - ") }
    public static func == (a: Logs, b: Logs) -> Bool { a.values.elementsEqual(b.values) { $0 == $1 } }
}

/// What `fit` came to, epoch by epoch. Keras: `keras.callbacks.History`.
public struct History: Sendable {
    /// The epochs that were run, counted from 0.
    public internal(set) var epoch: [Int] = []
    public internal(set) var epochs: [Logs] = []

    /// A figure of every epoch: `history["val_accuracy"]`. Keras: `history.history["val_accuracy"]`.
    public subscript(name: String) -> [Double] { epochs.compactMap { $0[name] } }
    /// In the order Keras prints them.
    public var names: [String] { epochs.last?.values.map(\.name) ?? [] }
}
