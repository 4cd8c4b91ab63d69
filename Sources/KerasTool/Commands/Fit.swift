import ArgumentParser
import Keras
import KerasModel
import Storage

struct Fit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model on arrays and writes it.",
        discussion: """
            DATA holds inputs and answers as arrays x_train and y_train, unless --x and --y name others; for a model with several inputs \
            or outputs, arrays of their names. Each may be a file of its own: .npy, .npz, .h5, .csv, IDX. Training goes on from the compile \
            settings and the optimizer's state in the model's file, unless told otherwise. OUT is written whole or not at all, in the \
            format that its ending says.

            Interrupted by Ctrl-C, training ends after the batch it is at, and what was learnt is written. With --backup, a run that ended \
            in any other way goes on where it was: the same command again begins with the epoch that was not finished.

            Examples:
              keras fit model.h5 mnist.npz -o trained.h5 --epochs 5
              keras fit model.json data.npz -o model.keras --optimizer adam --loss sparse_categorical_crossentropy --metrics accuracy
              keras fit model.h5 train-images-idx3-ubyte.gz --y train-labels-idx1-ubyte.gz -o trained.h5
              keras fit model.keras data.npz -o more.keras --validation-split 0.1 --history history.json --plot history.svg
            """)

    @OptionGroup var model: ModelArguments

    @Argument(help: "A .npz or .h5 with the inputs and the answers; or the inputs alone, as .npy, .csv or IDX.")
    var data: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the trained model goes: a .h5 or a .keras.", valueName: "out"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The array of inputs, or a file of it; several, in the model's order, with commas between. (default: x_train)",
            valueName: "name")
    )
    var x: String?

    @Option(
        help: ArgumentHelp(
            "The array of answers, or a file of it; several, in the model's order, with commas between. (default: y_train)",
            valueName: "name")
    )
    var y: String?

    @Option(help: ArgumentHelp("The array of the samples' weights, or a file of it.", valueName: "name"))
    var sampleWeight: String?

    @OptionGroup var compiling: CompileArguments

    @Option(
        help: ArgumentHelp(
            "An optimizer by Keras's name, with its usual settings; its state begins anew. (default: the model's)", valueName: "name"))
    var optimizer: String?

    @Option(help: ArgumentHelp("The optimizer's learning rate. (default: the optimizer's)", valueName: "rate"))
    var learningRate: Double?

    @Option(help: ArgumentHelp("How often all samples are gone through.", valueName: "n"))
    var epochs = 1

    @Option(help: ArgumentHelp("Samples in a batch.", valueName: "n"))
    var batchSize = 32

    @Option(
        help: ArgumentHelp("The share of the samples, from the end, that is evaluated after each epoch and not trained on.", valueName: "f")
    )
    var validationSplit = 0.0

    @Option(help: ArgumentHelp("Batches of an epoch, if they are to be fewer than there are.", valueName: "n"))
    var stepsPerEpoch: Int?

    @Flag(inversion: .prefixedNo, help: "Draw the samples' order anew for each epoch.")
    var shuffle = true

    @Option(help: ArgumentHelp("What all that is random hangs on: the same seed gives the same model.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write the figures of every epoch to this file, as JSON.", valueName: "file"))
    var history: String?

    @Option(help: ArgumentHelp("Draw the figures of every epoch as curves, to this .svg.", valueName: "file"))
    var plot: String?

    @Option(
        help: ArgumentHelp("Keep what was learnt in this folder after each epoch, until OUT is written.", valueName: "folder"))
    var backup: String?

    @OptionGroup var reading: DataArguments

    @OptionGroup var running: RunArguments

    func validate() throws {
        try KerasTool.validate(batchSize: batchSize)
        if epochs < 0 { throw ValidationError("--epochs must be at least 0, not \(epochs)") }
        if !(0..<1).contains(validationSplit) {
            throw ValidationError("--validation-split must be at least 0 and below 1, not \(validationSplit)")
        }
        if let stepsPerEpoch, stepsPerEpoch < 1 { throw ValidationError("--steps-per-epoch must be at least 1, not \(stepsPerEpoch)") }
        if let learningRate, !(learningRate > 0) { throw ValidationError("--learning-rate must be above 0, not \(learningRate)") }
    }

    func run() throws {
        // A model without weights is trained from its beginning.
        let model = try self.model.load(needsWeights: false)
        model.runtime = running.options
        let data = try SampleArrays(data, reading.options)
        var inputs = model.awaitsInputShape ? try data.inputs(x, "x_train", for: ["x"]) : []
        let snapshot = try model.snapshot(for: inputs)
        if inputs.isEmpty { inputs = try data.inputs(x, "x_train", for: snapshot.inputNames) }
        let targets = try data.targets(y, "y_train", for: snapshot.outputNames)
        let weights = try sampleWeight.map { [try data.array($0)] }
        _ = try compiling.spec(for: snapshot, self.model.model)
        try model.adopt(try told(snapshot))
        let kept = backup.map { BackupAndRestore($0, deleteCheckpoint: false) }
        let callbacks: [any Callback] = [ProgbarLogger(verbose: 1, to: .error), Interrupt()] + (kept.map { [$0] } ?? [])
        let result = try data.placing(model: self.model.model) {
            try model.fit(
                inputs, targets, batchSize: batchSize, epochs: epochs, callbacks: callbacks, validationSplit: validationSplit,
                shuffle: shuffle,
                sampleWeights: weights, stepsPerEpoch: stepsPerEpoch, seed: seed, verbose: 0)
        }
        for note in try model.save(to: output) { Terminal.warn("\(output): \(note)") }
        kept?.deleteBackup()
        if let history { try write(result, to: history) }
        if let plot { try AtomicFile.write(plot) { try $0.write(Array(HistoryPlot.svg(result).utf8)) } }
        if let last = result.epochs.last {
            Terminal.print(last.values.map { "\($0.name): \(Numbers.score($0.value))" }.joined(separator: " - "))
        }
    }

    /// What the model's file says of training, with what is given here in its place.
    private func told(_ snapshot: ModelSnapshot) throws -> TrainingConfiguration {
        var training = compiling.trained(snapshot)
        if let optimizer {
            training.optimizer = ["class_name": .string(optimizer), "config": [:]]
            training.optimizerVariables = []
            training.source = nil
        }
        if let learningRate { training.set(learningRate: learningRate) }
        return training
    }

    private func write(_ history: History, to path: String) throws {
        var object = JSONObject([("epoch", JSON.array(history.epoch.map { .integer($0) }))])
        for name in history.names { object[name] = .array(history[name].map { .float($0) }) }
        try AtomicFile.write(path) { try $0.write(Array((JSON.object(object).serialized() + "\n").utf8)) }
    }
}

/// Ends training after the batch at which somebody presses Ctrl-C.
private final class Interrupt: Callback {
    func onTrainBegin(_ training: Training) { Signals.catchInterrupt() }
    func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) { if Signals.isInterrupted { training.stopTraining = true } }
}
