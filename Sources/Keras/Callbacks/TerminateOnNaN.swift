import Tensors

/// Ends training when the loss is no number any more. Keras: `TerminateOnNaN`.
public final class TerminateOnNaN: Callback {
    private let raiseError: Bool

    /// - Parameter raiseError: `fit` throws instead of ending.
    public init(raiseError: Bool = false) { self.raiseError = raiseError }

    public func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) throws {
        guard let loss = logs["loss"], !loss.isFinite else { return }
        guard !raiseError else {
            throw KerasError(.mismatch, "the loss is no number any more", at: Place(object: "batch \(batch)"), found: plain(loss))
        }
        say("Batch \(batch): Invalid loss, terminating training")
        training.stopTraining = true
    }
}
