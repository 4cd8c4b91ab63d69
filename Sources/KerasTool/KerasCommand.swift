import ArgumentParser

/// The command itself; each of its own commands is a file in `Commands/`.
struct KerasCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "keras",
        abstract: "Reads, runs and converts Keras models: .keras, .h5 of every generation, architecture JSON.",
        discussion: """
            Results go to standard output, everything else to standard error.

            Exit status: 0 done; 64 wrong usage; 65 a file's content is malformed or does not fit; 66 no such input; \
            69 valid, but not supported by this version (the message names the layer or feature); 73 the output cannot be created; \
            74 reading or writing failed; 1 anything else. Of several problems the status tells the first of 66, 74, 73, 65, 69, 64.
            """,
        version: version,
        subcommands: [
            Summary.self, Inspect.self, Predict.self, Evaluate.self, Fit.self, Convert.self, Weights.self, Diff.self, Doctor.self,
            Plot.self, Bench.self, Layers.self,
        ])
}
