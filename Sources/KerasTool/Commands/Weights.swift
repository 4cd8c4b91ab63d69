import ArgumentParser
import Keras
import KerasFormat
import KerasModel
import Storage

struct Weights: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the weights of a file, or takes a model's weights from another file.",
        discussion: """
            Any file with weights will do: a whole .h5 or .keras, a weights-only .h5, a .weights.h5. Without a model that understands them they \
            are listed all the same.

            With --from, MODEL gets the weights of another file and is written to OUT. By name, each layer takes those of the layer of the same \
            name, whatever else is in either file, as when a network without its top goes into one with another: what was taken and what was \
            not is printed layer by layer.

            Examples:
              keras weights model.h5
              keras weights vgg16_notop.weights.h5 --json
              keras weights model.json --from other.weights.h5 -o model.keras
              keras weights model.h5 --from vgg16_notop.h5 --by-name -o model.h5
            """)

    @Argument(help: "A file with weights; with --from, the model they go into.")
    var file: String

    @Option(help: ArgumentHelp("Take the weights from this file.", valueName: "file"))
    var from: String?

    @Flag(help: "Take them by the layers' names, not by position or path.")
    var byName = false

    @Flag(help: "By name: leave a layer as it is where the weights of its name have another shape.")
    var skipMismatch = false

    @Option(name: [.short, .customLong("output")], help: ArgumentHelp("The file to write the model to.", valueName: "out"))
    var output: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        if (from == nil) != (output == nil) {
            throw ValidationError("--from and -o go together: the model is written with its new weights")
        }
        if from == nil, byName { throw ValidationError("--by-name needs --from") }
        if !byName, skipMismatch { throw ValidationError("--skip-mismatch needs --by-name") }
    }

    func run() throws {
        if let from, let output { try transfer(from, output) } else { try list() }
    }

    private func list() throws {
        let content = try Files.read(file)
        let weights = try WeightsFile(content, name: file)
        // Where the model is understood, it knows what its weights are called.
        let model = (try? ModelFile.decode(content, name: file)).flatMap { try? BuiltModel($0.root) }
        let entries = try weights.list(for: model)
        let (numbers, bytes) = entries.reduce((0, 0)) { ($0.0 + $1.shape.count, $0.1 + $1.byteCount) }
        if json {
            let list: [JSON] = entries.map { entry in
                [
                    "path": .string(entry.path), "layer": entry.layer.map(JSON.string) ?? nil, "name": entry.name.map(JSON.string) ?? nil,
                    "shape": .array(entry.shape.dims.map(JSON.integer)), "dtype": .string(entry.type),
                ]
            }
            let object: JSON = ["file": .string(file), "numbers": .integer(numbers), "bytes": .integer(bytes), "weights": .array(list)]
            return Terminal.print(object.serialized(.indented(2)))
        }
        var table = TextTable([("path", .left), ("layer", .left), ("weight", .left), ("shape", .left), ("dtype", .left)])
        for entry in entries {
            table.add([
                Terminal.visible(entry.path), Terminal.visible(entry.layer ?? ""), Terminal.visible(entry.name ?? ""), "\(entry.shape)",
                entry.type,
            ])
        }
        Terminal.write(table.text())
        Terminal.print("\(Numbers.counted(entries.count, "weight")), \(Numbers.counted(numbers, "number")), \(Numbers.bytes(bytes))")
    }

    private func transfer(_ source: String, _ output: String) throws {
        let model = try Model.load(file)
        for warning in model.warnings { Terminal.warn("\(file): \(warning)") }
        let report = try model.loadWeights(from: source, byName: byName, skipMismatch: skipMismatch)
        if !report.missing.isEmpty, model.beganAnew {
            Terminal.warn("\(file): it holds no weights: layers that took none have initial ones")
        }
        for sentence in try model.save(to: output) { Terminal.warn("\(output): \(sentence)") }
        json ? Terminal.print(Weights.json(report).serialized(.indented(2))) : Terminal.write(Weights.text(report))
    }

    /// What became of each layer, the model's first.
    private static func text(_ report: WeightsReport) -> String {
        var table = TextTable([("layer", .left), ("weights", .left)])
        for layer in report.loaded { table.add([Terminal.visible(layer), "taken"]) }
        for (layer, problems) in report.misfits {
            for problem in problems {
                let expected = problem.expected.map { ", expected \($0)" } ?? ""
                table.add([Terminal.visible(layer), "kept: \(problem.sentence); found \(problem.found ?? "none")\(expected)"])
            }
        }
        for layer in report.missing { table.add([Terminal.visible(layer), "kept: the file has none of this name"]) }
        for layer in report.unused { table.add([Terminal.visible(layer), "unused: the model has no such layer"]) }
        let kept = report.misfits.count + report.missing.count
        return table.text()
            + "\(Numbers.counted(report.loaded.count, "layer")) took their weights, \(kept) kept their own, "
            + "\(report.unused.count) of the file were not used\n"
    }

    private static func json(_ report: WeightsReport) -> JSON {
        func list(_ names: [String]) -> JSON { .array(names.map(JSON.string)) }
        let misfits = report.misfits.map { layer, problems -> JSON in
            ["layer": .string(layer), "problems": .array(problems.map { .string($0.description) })]
        }
        return [
            "taken": list(report.loaded), "misfits": .array(misfits), "missing": list(report.missing), "unused": list(report.unused),
        ]
    }
}
