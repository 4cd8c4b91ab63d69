import ArgumentParser
import Keras
import KerasFormat
import Storage

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model as another kind of file, or for another Keras.",
        discussion: """
            The output's ending says what it is. Without --to it is written for the Keras that MODEL comes from. What the target has no word \
            for is refused by name; with --lossy it is left out where that is possible, and told.

              universal  Keras 2.2.4 to 3.15 and TensorFlow alike, without the optimizer's state
              keras3     Keras 3
              tf.keras   TensorFlow 2, tf_keras
              keras2     standalone Keras 2

            A file of arrays (.npy, .npz, .h5, .csv, IDX) becomes a .npy, .npz, .csv or IDX file by the output's ending.

            Examples:
              keras convert old.h5 new.h5 --to keras3
              keras convert model.h5 everywhere.h5 --to universal
              keras convert model.h5 small.h5 --strip-optimizer --compress
              keras convert model.h5 model.keras
              keras convert model.h5 model.json --to tf.keras
              keras convert model.h5 first.h5 --data-format channels_first
              keras convert model.h5 model.safetensors
              keras convert model.h5 model.onnx
              keras convert model.keras model.weights.h5
              keras convert model.h5 weights.h5 --weights-only
              keras convert train-images-idx3-ubyte.gz images.npy
              keras convert table.csv table.npz --skip-rows 1 --dtype float32
            """)

    @Argument(help: "A Keras model: a .keras, a whole-model .h5 or architecture .json; or a file of arrays.")
    var model: String

    @Argument(help: "The file to write.")
    var output: String

    @Option(help: ArgumentHelp("Whose file it is to be: universal, keras3, tf.keras or keras2.", valueName: "target"))
    var to: SaveTarget?

    @Flag(help: "Write the weights without the model.")
    var weightsOnly = false

    @Flag(help: "Leave the optimizer's state out.")
    var stripOptimizer = false

    @Flag(help: "Store the weights through gzip and shuffle, which Keras reads; compress the arrays of a .npz.")
    var compress = false

    @Option(
        help: ArgumentHelp(
            "Compute and keep weights in float16, bfloat16, float32 or float64; make the elements of arrays this.", valueName: "type"))
    var dtype: String?

    @Option(
        help: ArgumentHelp(
            "Put the channels of images first or last: channels_first or channels_last. Inputs and outputs that are images move too.",
            valueName: "format"))
    var dataFormat: DataFormat?

    @Flag(help: "Leave out what the target has no word for.")
    var lossy = false

    @OptionGroup var arrays: ArrayConversion

    func validate() throws {
        guard let dtype, !ArrayConversion.writes(output) else { return }
        guard let type = DType(name: dtype), type.isFloatingPoint else {
            throw ValidationError("--dtype must be float16, bfloat16, float32 or float64, not '\(dtype)'")
        }
    }

    func run() throws {
        if ArrayConversion.writes(output) { return try arrays.run(model, to: output, dtype: dtype, compressed: compress) }
        // Before anything is read: a wrong name is known at once.
        let container = try ModelContainer.named(output, weightsOnly: weightsOnly)
        let model = try Model.load(self.model)
        for warning in model.warnings { Terminal.warn("\(self.model): \(warning)") }
        if model.beganAnew, container.content != .architecture, try model.awaitsInputShape || model.countParams() > 0 {
            Terminal.warn(
                "\(self.model): it holds no weights: its layers get initial ones (keras weights MODEL --from FILE -o OUT gives them others)"
            )
        }
        var saved = try model.savedModel()
        var told: [String] = []
        if let type = dtype.flatMap(DType.init(name:)) {
            let (converted, notes) = try KerasError.placing(Place(file: self.model)) { try saved.converted(to: type) }
            saved = converted
            told += notes
        }
        if let dataFormat {
            let (converted, notes) = try KerasError.placing(Place(file: self.model)) { try saved.converted(to: dataFormat) }
            saved = converted
            told += notes
        }
        let notes = try ModelFile.write(saved, to: output, as: container, target: to) {
            $0.stripsOptimizer = stripOptimizer
            $0.compresses = compress
            if lossy { $0.losses = Losses() }
        }
        for note in told + notes.filter({ !told.contains($0) }) { Terminal.complain(note) }
    }
}

extension SaveTarget: ExpressibleByArgument {}
extension DataFormat: ExpressibleByArgument {}
