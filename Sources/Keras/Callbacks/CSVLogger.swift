import Storage
import Tensors

/// Writes the figures of each epoch into a table. Keras: `CSVLogger`.
///
/// The file is replaced as a whole after each epoch: it is never half written.
public final class CSVLogger: Callback {
    private let path: String
    private let separator: String
    private let append: Bool
    private var table: CSVTable

    /// - Parameter append: what the file holds stays, and the epochs go on below it.
    public init(_ path: String, separator: String = ",", append: Bool = false) {
        (self.path, self.separator, self.append) = (path, separator, append)
        table = CSVTable(separator: separator)
    }

    public func onTrainBegin(_ training: Training) throws {
        let old = append && Folders.exists(path) ? try Files.read(path) : nil
        table = CSVTable(
            separator: separator, after: old.map { buffer in buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } } ?? "")
    }

    public func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
        table.add(epoch, logs.values)
        try AtomicFile.write(path) { try $0.write(Array(table.text.utf8)) }
    }
}
