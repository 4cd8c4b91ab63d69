import ArgumentParser
import Keras
import KerasModel

/// What a model is measured or trained by, in place of what its file says.
struct CompileArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("A loss by Keras's name; one for each output, with commas between. (default: the model's)", valueName: "loss"))
    var loss: String?

    @Option(
        help: ArgumentHelp("Metrics by Keras's names, with commas between; each for every output. (default: the model's)", valueName: "m,…")
    )
    var metrics: String?

    /// The configuration with this in it.
    func changed(_ snapshot: ModelSnapshot) -> TrainingConfiguration {
        let dialect = snapshot.training?.dialect ?? snapshot.origin?.dialect ?? .keras3
        var training = snapshot.training ?? TrainingConfiguration(dialect: dialect)
        if let loss {
            let names = list(loss)
            training.loss = names.count == 1 ? .string(names[0]) : .array(names.map(JSON.string))
            training.lossWeights = nil
            training.source = nil
        }
        if let metrics {
            let each = JSON.array(list(metrics).map(JSON.string))
            training.metrics = snapshot.outputNames.count == 1 ? each : .array(snapshot.outputNames.map { _ in each })
            training.weightedMetrics = nil
            training.source = nil
        }
        return training
    }

    /// The same, with Keras's own optimizer where none is named.
    func trained(_ snapshot: ModelSnapshot) -> TrainingConfiguration {
        var training = changed(snapshot)
        if training.optimizer.isNull {
            training.optimizer = ["class_name": "rmsprop", "config": [:]]
            training.source = nil
        }
        return training
    }

    /// What the model's file says, with what is given here in its place.
    ///
    /// - Parameter path: the model's file, for messages.
    func spec(for snapshot: ModelSnapshot, _ path: String) throws -> EvaluationSpec {
        guard snapshot.training != nil || loss != nil else {
            throw KerasError(
                .usage, "the model was not compiled, so that its file names no loss", at: Place(file: path),
                expected: "--loss NAME, such as --loss mean_squared_error, and perhaps --metrics accuracy")
        }
        let training = changed(snapshot)
        do {
            return try EvaluationSpec(
                training, origin: snapshot.origin ?? Origin(dialect: training.dialect), outputNames: snapshot.outputNames)
        } catch let error as KerasError {
            throw KerasError(problems: error.problems.map(told)).placed(Place(file: path))
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
}

func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
