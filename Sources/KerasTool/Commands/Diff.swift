import ArgumentParser
import HDF5
import Keras
import KerasFormat
import KerasModel
import Storage

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what differs between two models: architecture, then weights.",
        discussion: """
            Meanings are compared, not spelling: a model and what another Keras wrote of it are the same. Layers are told apart by name, class, \
            settings and place, so that automatic names that count on do not hide what stayed. Of each layer's weights the largest difference is \
            told, and as a share of the largest magnitude in either. What the models were compiled with is not looked at.

            Two .npy or .npz, or HDF5 files without a model, are compared array by array.

            With --activations the two are what `keras predict --activations` wrote, or docs/activations.py from Keras: the first layer is named, \
            in the first file's order, that gives something else.

            Exit status: 0 if nothing differs, 1 if anything does.

            Examples:
              keras diff before.h5 after.h5
              keras diff keras2.h5 keras3.json
              keras diff predictions.npz others.npz --json
              keras diff --activations ours.npz keras.npz
            """)

    @Argument(help: "A model, or a file of arrays.")
    var first: String

    @Argument(help: "The other.")
    var second: String

    @Flag(help: "Print a JSON object.")
    var json = false

    @Flag(help: "Name the first layer whose output differs.")
    var activations = false

    @Option(help: ArgumentHelp("How far apart two activations may be, as a share of the largest number of either.", valueName: "share"))
    var tolerance = 1e-4

    func run() throws {
        if activations { return try compareActivations() }
        let report = try compared()
        for note in report.notes { Terminal.complain(note) }
        Terminal.write(json ? JSON.object(report.json).serialized(.indented(2)) + "\n" : report.text)
        guard report.isSame else {
            try Terminal.flush()
            throw ExitCode(1)
        }
    }

    private func compareActivations() throws {
        guard case .arrays(let a) = try content(of: first), case .arrays(let b) = try content(of: second) else {
            throw KerasError(.usage, "activations are files of arrays", found: "a model", expected: "two .npz")
        }
        let difference = try KerasError.placing(Place(file: "\(first), \(second)")) { try ActivationDifference(a, b, tolerance: tolerance) }
        Terminal.write(json ? JSON.object(difference.json).serialized(.indented(2)) + "\n" : difference.text)
        guard difference.first == nil else {
            try Terminal.flush()
            throw ExitCode(1)
        }
    }

    private func compared() throws -> DifferenceReport {
        let (a, b) = (try content(of: first), try content(of: second))
        switch (a, b) {
        case (.model(let a), .model(let b)): return try DifferenceReport(a, b)
        case (.arrays(let a), .arrays(let b)):
            return try KerasError.placing(Place(file: "\(first), \(second)")) { try DifferenceReport(a, b) }
        default:
            let which = if case .model = a { (second, first) } else { (first, second) }
            throw KerasError(
                .mismatch, "this file holds arrays and the other a model", at: Place(file: which.0), expected: "a model, as \(which.1)")
        }
    }

    private enum Content {
        case model(SavedModel)
        case arrays(ArrayFile)
    }

    private func content(of path: String) throws -> Content {
        let bytes = try Files.read(path)
        return try KerasError.placing(Place(file: path)) {
            guard try holdsModel(bytes, path) else { return .arrays(try ArrayFile(bytes, name: path)) }
            let model = try ModelFile.decode(bytes, name: path)
            for warning in model.warnings { Terminal.warn("\(path): \(warning)") }
            return .model(model)
        }
    }

    private func holdsModel(_ bytes: Buffer, _ path: String) throws -> Bool {
        switch FileKind(bytes) {
        case .npy: false
        case .safetensors: try Safetensors(bytes).metadata.contains { $0.key == Safetensors.architectureKey }
        case .zip: try ZipArchive(bytes, name: path).members.contains { $0.name == "config.json" }
        case .hdf5: try HDF5File(bytes: bytes, name: path).root.attribute("model_config") != nil
        default: true
        }
    }
}
