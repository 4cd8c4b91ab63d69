import ArgumentParser
import Keras
import KerasRuntime

/// The model a command runs, and how.
struct ModelArguments: ParsableArguments {
    @Argument(help: "A Keras model: a .keras, a whole-model .h5, or architecture .json whose weights --weights gives.")
    var model: String

    @Option(help: ArgumentHelp("Take the weights from this weights file, in place of what MODEL holds.", valueName: "file"))
    var weights: String?

    /// The model, with a warning for all that was odd about its file.
    ///
    /// - Parameter needsWeights: false where the numbers do not matter.
    /// - Throws: everything that is wrong with it; a `usage` problem if nobody says its weights.
    func load(needsWeights: Bool = true) throws -> Model {
        let model = try Model.load(self.model, weights: weights)
        if needsWeights, model.beganAnew, !model.layers.isEmpty, try model.awaitsInputShape || model.countParams() > 0 {
            throw KerasError(
                .usage, "this file holds a model without weights", at: Place(file: self.model),
                expected: "--weights and a file that has them")
        }
        for warning in model.warnings { Terminal.warn("\(self.model): \(warning)") }
        return model
    }
}

/// How the model is run.
struct RunArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Threads to use; the results are the same bits for every number. (default: one per processor)", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "How convolutions are computed: automatic is whatever is quickest; direct forbids Winograd's algorithm, whose rounding error "
                + "is about twice as large. (default: automatic)", valueName: "how"))
    var convolutions: RuntimeOptions.Convolutions?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024, not \(threads)") }
    }

    var options: RuntimeOptions {
        var options = RuntimeOptions()
        if let threads { options.threads = threads }
        if let convolutions { options.convolutions = convolutions }
        return options
    }
}

extension RuntimeOptions.Convolutions: ExpressibleByArgument {}

/// - Throws: wrong usage unless `size` is a number of samples.
func validate(batchSize size: Int?) throws {
    if let size, size < 1 { throw ValidationError("--batch-size must be at least 1, not \(size)") }
}
