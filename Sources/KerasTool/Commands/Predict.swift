import ArgumentParser
import Keras
import KerasRuntime

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a model on arrays and writes what it gives.",
        discussion: """
            INPUT is a .npy for a model with one input, or a .npz with an array for each input: named as the inputs are, or arr_0, arr_1, … \
            in their order, as numpy.savez names them. With one input the .npz may hold that array alone, or FILE.npz:name picks one.

            OUT is a .npy for a model with one output, a .npz with an array for each output under its name, in the model's order, or - for a \
            table on standard output. It is written whole or not at all. Both may be a .csv or an IDX file too. Text comes from arrays of \
            strings (with --allow-pickle of objects too) or a .txt, a text a line.

            Examples:
              keras predict model.h5 images.npy -o scores.npy
              keras predict model.h5 mnist.npz:x_test -o -
              keras predict two_towers.h5 inputs.npz -o outputs.npz --threads 4
              keras predict model.h5 x.npy -o y.npy --activations layers.npz
              keras predict architecture.json x.npy --weights weights.h5 -o y.npy
            """)

    @OptionGroup var model: ModelArguments

    @Argument(help: "The data: a .npy, a .npz or .h5, FILE.npz:name, an IDX file or a .csv.")
    var input: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the outputs go: a .npy, a .npz, or - for a table.", valueName: "out"))
    var output: String

    @Option(
        help: ArgumentHelp(
            """
            Where what every layer gives goes: a .npz with an array for each call of a layer, in the order of the calls. Layers of a model within \
            the model are called model/layer, second calls layer:1.
            """, valueName: "npz"))
    var activations: String?

    @Option(
        help: ArgumentHelp("Samples that go through the model together at most. (default: what fits the processor's cache)", valueName: "n")
    )
    var batchSize: Int?

    @OptionGroup var reading: DataArguments

    @OptionGroup var running: RunArguments

    func validate() throws { try KerasTool.validate(batchSize: batchSize) }

    func run() throws {
        let target = try OutputFile(output)
        let model = try self.model.load()
        let data = try DataFile(input, reading.options)
        // A model that learns its input's shape from the data has one input, whatever it is called.
        var inputs = model.awaitsInputShape ? try data.arrays(for: ["input"], what: "input") : []
        let snapshot = try model.snapshot(for: inputs)
        try target.check(count: snapshot.outputNames.count)
        if inputs.isEmpty { inputs = try data.arrays(for: snapshot.inputNames, what: "input") }
        let fitted = try KerasError.placing(Place(file: input)) { try snapshot.built.fitted(inputs) }
        if let activations {
            try writeActivations(to: activations, target, snapshot, fitted)
            return
        }
        let predictor = Predictor(
            weights: snapshot.weights, options: running.options, states: RecurrentStates(snapshot.built), read: snapshot.built.reader
        ) {
            try snapshot.built.lowered(for: $0)
        }
        let outputs = try KerasError.placing(Place(file: self.model.model)) { try predictor.predict(fitted, batchSize: batchSize) }
        try target.write(Array(zip(snapshot.outputNames, outputs)))
    }

    /// Runs the model with every layer's output for an output of its own.
    private func writeActivations(to path: String, _ target: OutputFile, _ snapshot: ModelSnapshot, _ inputs: [Tensor]) throws {
        guard path.hasSuffix(".npz") else {
            throw KerasError(
                .usage, "the activations' name does not say their format", at: Place(file: path), expected: "a name ending in .npz")
        }
        let file = try OutputFile(path)
        let (outputs, names) = try KerasError.placing(Place(file: self.model.model)) {
            let shapes = try snapshot.built.reader?(inputs).tensors.map(\.shape) ?? inputs.map(\.shape)
            let names = try snapshot.built.loweredWithActivations(for: shapes).names
            let predictor = Predictor(weights: snapshot.weights, options: running.options, read: snapshot.built.reader) {
                try snapshot.built.loweredWithActivations(for: $0).graph
            }
            return (try predictor.predict(inputs, batchSize: batchSize), names)
        }
        let count = snapshot.outputNames.count
        try target.write(Array(zip(snapshot.outputNames, outputs.prefix(count))))
        try file.write(Array(zip(names, outputs.dropFirst(count))))
    }
}
