import JSON
import KerasModel
import Storage
import Tensors

/// Keeps what training has come to in a folder, so that a `fit` that was broken off goes on where it was. Keras: `BackupAndRestore`.
///
/// The folder holds the model with its optimizer's state, `latest_0.keras` or `latest_1.keras`, and `training_metadata.json`, which says the epoch and
/// which of the two belongs to it: whenever the process ends, one of them and its epoch stand there together. All are gone when training has
/// ended.
public final class BackupAndRestore: Callback {
    private let folder: String
    private let deletesCheckpoint: Bool
    private var counter: BatchCounter
    private var epoch = 0
    /// Which of the two files holds the model; nil if neither does.
    private var slot: Int?

    /// - Parameters:
    ///   - saveFrequency: after each epoch, or after so many batches; then the epoch that was broken off begins anew, with what its batches
    ///     have taught.
    ///   - deleteCheckpoint: false keeps the folder when training has ended.
    public init(_ backupFolder: String, saveFrequency: SaveFrequency = .epoch, deleteCheckpoint: Bool = true) {
        (folder, deletesCheckpoint, counter) = (backupFolder, deleteCheckpoint, BatchCounter(saveFrequency))
    }

    private func modelPath(_ slot: Int) -> String { folder + "/latest_\(slot).keras" }
    private var metadataPath: String { folder + "/training_metadata.json" }

    /// Gives a model what was kept of it.
    ///
    /// - Returns: the epoch to go on with; nil if nothing was kept.
    func restore(_ model: Model) throws -> Int? {
        guard Folders.exists(metadataPath) else { return nil }
        let text = try Files.read(metadataPath).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let metadata = try KerasError.placing(Place(file: metadataPath)) { try JSON(parsing: text) }
        guard let epoch = metadata["epoch"]?.integer, epoch >= 0, let slot = metadata["slot"]?.integer, (0...1).contains(slot) else {
            throw KerasError(.malformed, "a backup does not say its epoch and its file", at: Place(file: metadataPath))
        }
        try model.resume(from: try Model.load(modelPath(slot)))
        self.slot = slot
        self.epoch = epoch
        return epoch
    }

    public func onEpochBegin(_ epoch: Int, _ training: Training) { self.epoch = epoch }

    public func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) throws {
        if counter.end(batch) { try save(training) }
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
        self.epoch = epoch + 1
        if case .epoch = counter.frequency { try save(training) }
    }

    private func save(_ training: Training) throws {
        try Folders.make(folder)
        // The file that nothing refers to, and then the reference: at no moment do an epoch and a model stand there that are not of one time.
        let next = slot == 0 ? 1 : 0
        try training.model.save(to: modelPath(next))
        try AtomicFile.write(metadataPath) { [epoch] in try $0.write(Array("{\"epoch\": \(epoch), \"slot\": \(next)}\n".utf8)) }
        slot = next
    }

    public func onTrainEnd(_ training: Training) {
        if deletesCheckpoint { deleteBackup() }
    }

    /// Clears the folder: for who keeps it when training has ended, until its result is safe elsewhere.
    public func deleteBackup() {
        Folders.remove(metadataPath)
        for slot in 0...1 { Folders.remove(modelPath(slot)) }
        Folders.removeIfEmpty(folder)
    }
}

extension Model {
    /// Takes weights and the optimizer's state from another model of the same architecture.
    ///
    /// - Throws: a `mismatch` problem if the weights do not fit.
    fileprivate func resume(from kept: Model) throws {
        try setWeights(kept.getWeights())
        let (before, after) = (try compilation(), try kept.compilation())
        let training = kept.state.withLock { $0.training }
        state.withLock {
            $0.compilation = Compilation(optimizer: after.optimizer, spec: before.spec, state: after.state)
            $0.training = training
        }
    }
}
