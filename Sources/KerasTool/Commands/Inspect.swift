import ArgumentParser
import HDF5
import Keras
import KerasFormat
import KerasModel
import Storage

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what is in a file: groups, attributes, tensors, optimizer state.",
        discussion: """
            Works on HDF5 files whether they hold a model or not, on .keras archives, architecture JSON, safetensors, .npy and .npz, told apart by their \
            content. Nothing is run.

            Examples:
              keras inspect model.h5
              keras inspect data.npz
              keras inspect model.h5 --json
              keras inspect cifar-10-batches-py/test_batch --allow-pickle
            """)

    @Argument(help: "Any .h5, .keras, .json, .safetensors, .npy, .npz, IDX file, Python pickle or .csv.")
    var file: String

    @Flag(help: "Print a JSON object, with attributes in full.")
    var json = false

    @OptionGroup var reading: DataArguments

    func run() throws {
        var problems = ProblemList()
        // Once: somebody may put another file in its place meanwhile.
        let bytes = try Files.read(file)
        let report: FileReport = try KerasError.placing(Place(file: file)) { try makeReport(bytes, &problems) }
        let model = decoded(bytes)
        let hash = model.flatMap { try? ContentHash($0) }
        let optimizer = model.flatMap(OptimizerReport.init)
        if json {
            var object: JSONObject = ["file": .string(file), "format": .string(report.format), "bytes": .integer(report.bytes)]
            for (key, value) in report.json { object[key] = value }
            if let inputs = model?.root.architecture.inputLayers, !inputs.isEmpty {
                object["inputs"] = .array(
                    inputs.map { ["name": .string($0.name), "shape": .array($0.batchShape.dims.map { $0.map(JSON.integer) ?? .null })] })
            }
            if let hash {
                object["content_hash"] = [
                    "architecture": .string(hash.architecture), "weights": hash.weights.map(JSON.string) ?? .null,
                ]
            }
            if let optimizer { object["optimizer_variables"] = optimizer.json }
            Terminal.print(JSON.object(object).serialized(.indented(2)))
        } else {
            Terminal.print("\(Terminal.visible(file))  \(report.format), \(Numbers.bytes(report.bytes))")
            if let hash {
                Terminal.print("  architecture  sha256 \(hash.architecture)")
                if let weights = hash.weights { Terminal.print("  weights       sha256 \(weights)") }
            }
            Terminal.write(report.text)
            if let optimizer { Terminal.write("\n" + optimizer.text) }
        }
        // Parts that could not be read are told after those that could.
        try KerasError.placing(Place(file: file)) { try problems.throwIfAny() }
    }

    /// Nil if the file is no model that this version reads.
    private func decoded(_ bytes: Buffer) -> SavedModel? {
        [FileKind.npy, .other].contains(FileKind(bytes)) ? nil : try? ModelFile.decode(bytes, name: file)
    }

    private func makeReport(_ bytes: Buffer, _ problems: inout ProblemList) throws -> FileReport {
        switch FileKind(bytes) {
        case .npy: return try ArrayReport.npy(bytes, allowPickle: reading.allowPickle)
        case .zip: return try ArchiveReport.report(bytes, name: file, allowPickle: reading.allowPickle, &problems)
        case .json: return try ModelFacts.report(JSON(parsing: String(decoding: bytes.bytes, as: UTF8.self)), bytes: bytes.count)
        case .yaml: return try ModelFacts.report(bytes.withUnsafeBytes { try JSON(yaml: $0) }, bytes: bytes.count, format: "YAML")
        case .safetensors: return try ArrayReport.safetensors(bytes)
        case .other where !file.hasSuffix(".h5"):
            if let report = try ArrayReport.other(bytes, name: file, reading.options) { return report }
            fallthrough
        // Not HDF5 either: that reader says best what it is instead.
        case .hdf5, .other: return HDF5Report(try HDF5File(bytes: bytes, name: file), &problems).report
        }
    }
}

/// What there is to say of a file.
struct FileReport {
    /// `HDF5`, `numpy array`.
    var format: String
    var bytes: Int
    var text: String
    var json: JSONObject
}
