import ArgumentParser
import Keras
import KerasModel

/// How data is read that numpy would read with options.
struct DataArguments: ParsableArguments {
    @Flag(
        help: "Read Python objects too: arrays, numbers and text out of a pickle. Nothing in it is run, and what asks for more is refused.")
    var allowPickle = false

    @Option(help: ArgumentHelp("Lines of a .csv to leave out at its beginning, such as titles.", valueName: "n"))
    var skipRows = 0

    func validate() throws {
        if skipRows < 0 { throw ValidationError("--skip-rows must be at least 0, not \(skipRows)") }
    }

    var options: DataOptions { DataOptions(allowPickle: allowPickle, skipRows: skipRows) }
}

/// What ``DataArguments`` says.
struct DataOptions {
    var allowPickle = false
    var skipRows = 0

    /// - Throws: what is wrong with the table, with the option that may help.
    func table(_ buffer: Buffer, dtype: DType = .float64) throws -> Tensor {
        do {
            return try CSV.decode(buffer, skipRows: skipRows, dtype: dtype)
        } catch var error as KerasError {
            for index in error.problems.indices {
                error.problems[index].expected = error.problems[index].expected?.replacing(
                    "is left out if told so", with: "is left out by --skip-rows 1")
            }
            throw error
        }
    }
}
