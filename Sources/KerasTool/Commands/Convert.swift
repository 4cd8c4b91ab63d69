import ArgumentParser
import Keras
import Storage

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model's architecture as the JSON of another Keras.",
        discussion: """
            What a dialect has no word for is refused by name.

            Examples:
              keras convert model.h5 model.json
              keras convert keras3.json tf_keras.json --to tf.keras
            """)

    @Argument(help: "A Keras model: a whole-model .h5 or architecture .json.")
    var model: String

    @Argument(help: "The file to write, named .json.")
    var output: String

    @Option(help: ArgumentHelp("Whose words: keras3, tf.keras or keras2. (default: those of MODEL)", valueName: "dialect"))
    var to: Dialect?

    func validate() throws {
        guard output.hasSuffix(".json") else { throw ValidationError("the output must be named .json, not '\(output)'") }
    }

    func run() throws {
        let model = try Model.load(self.model)
        for warning in model.warnings { Terminal.warn("\(self.model): \(warning)") }
        let text = try KerasError.placing(Place(file: self.model)) { try model.json(to ?? model.dialect ?? .keras3) }
        try AtomicFile.write(output) { try $0.write(Array(text.utf8)) }
    }
}

extension Dialect: ExpressibleByArgument {}
