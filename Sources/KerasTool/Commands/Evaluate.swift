import ArgumentParser
import Keras
import KerasRuntime

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's loss and metrics on data with known answers.",
        discussion: """
            DATA holds inputs and answers as arrays x_test and y_test, unless --x and --y name others; for a model with several inputs or \
            outputs, arrays of their names. Each may be a file of its own: .npy, .npz, .h5, .csv, IDX. The loss and the metrics are those the \
            model was compiled with, unless given here.

            Examples:
              keras evaluate model.h5 mnist.npz
              keras evaluate model.h5 data.npz --x images --y labels --json
              keras evaluate model.json data.npz --weights w.h5 --loss sparse_categorical_crossentropy --metrics accuracy
            """)

    @OptionGroup var model: ModelArguments

    @Argument(help: "A .npz or .h5 with the inputs and the answers; or the inputs alone, as .npy, .csv or IDX.")
    var data: String

    @Option(
        help: ArgumentHelp(
            "The array of inputs, or a file of it; several, in the model's order, with commas between. (default: x_test)", valueName: "name"
        ))
    var x: String?

    @Option(
        help: ArgumentHelp(
            "The array of answers, or a file of it; several, in the model's order, with commas between. (default: y_test)",
            valueName: "name")
    )
    var y: String?

    @OptionGroup var compiling: CompileArguments

    @Option(help: ArgumentHelp("Samples in a batch: each batch's loss is a mean of its own.", valueName: "n"))
    var batchSize = 32

    @OptionGroup var reading: DataArguments

    @OptionGroup var running: RunArguments

    @Flag(help: "Print a JSON object with every digit.")
    var json = false

    func validate() throws { try KerasTool.validate(batchSize: batchSize) }

    func run() throws {
        let model = try self.model.load()
        let data = try SampleArrays(data, reading.options)
        var inputs = model.awaitsInputShape ? try data.inputs(x, "x_test", for: ["x"]) : []
        let snapshot = try model.snapshot(for: inputs)
        let spec = try compiling.spec(for: snapshot, self.model.model)
        if inputs.isEmpty { inputs = try data.inputs(x, "x_test", for: snapshot.inputNames) }
        let targets = try data.targets(y, "y_test", for: snapshot.outputNames)
        let evaluator = try KerasError.placing(Place(file: self.model.model)) {
            try Evaluator(
                snapshot.built, weights: snapshot.weights, spec: spec, options: running.options, states: RecurrentStates(snapshot.built))
        }
        var progress = Progress()
        let scores = try data.placing(model: self.model.model) {
            try evaluator.evaluate(inputs: inputs, targets: targets, batchSize: batchSize) { progress.show($0, of: $1) }
        }
        progress.clear()
        if json {
            Terminal.print(JSON.object(JSONObject(scores.map { ($0.name, JSON.float($0.value)) })).serialized())
        } else {
            Terminal.print(scores.map { "\($0.name): \(Numbers.score($0.value))" }.joined(separator: " - "))
        }
    }
}
