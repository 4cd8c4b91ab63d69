import ArgumentParser
import Keras

struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints Keras's own summary of a model, character for character.",
        discussion: """
            Examples:
              keras summary model.h5
              keras summary model.json --style tf_keras
              keras summary model.h5 --expand-nested --show-trainable --line-length 120
            """)

    @Argument(help: "A Keras model: a .keras, a whole-model .h5 or architecture .json.")
    var model: String

    @Option(help: "Whose table: Keras 3's boxes, or the ruled lines of tf_keras.")
    var style: SummaryStyle = .keras3

    @Option(help: ArgumentHelp("The table's width. (default: as Keras chooses for this terminal)", valueName: "n"))
    var lineLength: Int?

    @Flag(help: "Show the layers inside nested models too.")
    var expandNested = false

    @Flag(help: "Add a column that says which layers train.")
    var showTrainable = false

    func validate() throws {
        let least = SummaryOptions.minimumLength
        if let lineLength, !(least...1000).contains(lineLength) {
            throw ValidationError("--line-length must be between \(least) and 1000, not \(lineLength)")
        }
    }

    func run() throws {
        let model = try Model.load(self.model)
        for warning in model.warnings { Terminal.warn("\(self.model): \(warning)") }
        Terminal.write(
            model.summary(
                SummaryOptions(
                    style: style, lineLength: lineLength, columns: Terminal.columns, expandsNested: expandNested,
                    showsTrainable: showTrainable)))
    }
}

extension SummaryStyle: ExpressibleByArgument {}
