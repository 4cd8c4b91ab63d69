import ArgumentParser
import Keras
import KerasRuntime

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's loss and metrics on data with known answers.",
        discussion: """
            DATA holds inputs and answers as arrays x_test and y_test, unless --x and --y name others; for a model with several inputs or \
            outputs, arrays of their names. The loss and the metrics are those the model was compiled with, unless given here.

            Examples:
              keras evaluate model.h5 mnist.npz
              keras evaluate model.h5 data.npz --x images --y labels --json
              keras evaluate model.json data.npz --weights w.h5 --loss sparse_categorical_crossentropy --metrics accuracy
            """)

    @OptionGroup var model: ModelArguments

    @Argument(help: "A .npz with the inputs and the answers.")
    var data: String

    @Option(
        help: ArgumentHelp("The array of inputs; several, in the model's order, with commas between. (default: x_test)", valueName: "name"))
    var x: String?

    @Option(
        help: ArgumentHelp("The array of answers; several, in the model's order, with commas between. (default: y_test)", valueName: "name")
    )
    var y: String?

    @Option(
        help: ArgumentHelp("A loss by Keras's name; one for each output, with commas between. (default: the model's)", valueName: "loss"))
    var loss: String?

    @Option(
        help: ArgumentHelp("Metrics by Keras's names, with commas between; each for every output. (default: the model's)", valueName: "m,…")
    )
    var metrics: String?

    @Option(help: ArgumentHelp("Samples in a batch: each batch's loss is a mean of its own.", valueName: "n"))
    var batchSize = 32

    @OptionGroup var reading: DataArguments

    @OptionGroup var running: RunArguments

    @Flag(help: "Print a JSON object with every digit.")
    var json = false

    func validate() throws { try KerasTool.validate(batchSize: batchSize) }

    func run() throws {
        let model = try self.model.load()
        let data = try DataFile(data, reading.options)
        var inputs = model.awaitsInputShape ? try data.members([x ?? "x_test"]) : []
        let snapshot = try model.snapshot(for: inputs)
        let spec = try spec(for: snapshot)
        if inputs.isEmpty { inputs = try data.members(names(x, "x_test", snapshot.inputNames, "--x")) }
        let targets = try data.members(names(y, "y_test", snapshot.outputNames, "--y"))
        let evaluator = try KerasError.placing(Place(file: self.model.model)) {
            try Evaluator(snapshot.built, weights: snapshot.weights, spec: spec, options: running.options)
        }
        var progress = Progress()
        let scores = try KerasError.placing(Place(file: self.data)) {
            try evaluator.evaluate(inputs: inputs, targets: targets, batchSize: batchSize) { progress.show($0, of: $1) }
        }
        progress.clear()
        if json {
            Terminal.print(JSON.object(JSONObject(scores.map { ($0.name, JSON.float($0.value)) })).serialized())
        } else {
            Terminal.print(scores.map { "\($0.name): \(Numbers.score($0.value))" }.joined(separator: " - "))
        }
    }

    /// What the model's file says, with what is given here in its place.
    private func spec(for snapshot: ModelSnapshot) throws -> EvaluationSpec {
        guard snapshot.training != nil || loss != nil else {
            throw KerasError(
                .usage, "the model was not compiled, so that its file names no loss", at: Place(file: model.model),
                expected: "--loss NAME, such as --loss mean_squared_error, and perhaps --metrics accuracy")
        }
        let dialect = snapshot.training?.dialect ?? snapshot.origin?.dialect ?? .keras3
        var training = snapshot.training ?? TrainingConfiguration(dialect: dialect)
        if let loss {
            let names = list(loss)
            training.loss = names.count == 1 ? .string(names[0]) : .array(names.map(JSON.string))
            training.lossWeights = nil
        }
        if let metrics {
            let each = JSON.array(list(metrics).map(JSON.string))
            training.metrics = snapshot.outputNames.count == 1 ? each : .array(snapshot.outputNames.map { _ in each })
            training.weightedMetrics = nil
        }
        do {
            return try EvaluationSpec(training, origin: snapshot.origin ?? Origin(dialect: dialect), outputNames: snapshot.outputNames)
        } catch let error as KerasError {
            throw KerasError(problems: error.problems.map(told)).placed(Place(file: model.model))
        }
    }

    /// What is wrong with a loss or a metric that was given here is no fault of the file.
    private func told(_ problem: Problem) -> Problem {
        guard let key = problem.place.key, key == "loss" && loss != nil || key == "metrics" && metrics != nil else { return problem }
        var problem = problem
        problem.kind = .usage
        problem.place = Place(file: "--\(key)")
        return problem
    }

    private func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    private func names(_ given: String?, _ usual: String, _ known: [String], _ option: String) throws -> [String] {
        guard let given else { return known.count == 1 ? [usual] : known }
        let names = list(given)
        guard names.count == known.count else {
            throw ValidationError("\(option) names \(names.count) arrays; the model has \(known.count): \(known.joined(separator: ", "))")
        }
        return names
    }
}
