import ArgumentParser
import Keras
import NumPy

/// How fast a model is trained and evaluated: our side of `Tests/Benchmarks/training.py`.
struct Training: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times epochs of training, and evaluations, once both are warm; the seconds of the best of each go to standard output.")

    @Argument(help: "A compiled model.")
    var model: String

    @Argument(help: "A .npz with x_train and y_train to train on, x_all and y_all to evaluate.")
    var data: String

    @Option(help: "Samples of a batch.")
    var batch = 32

    @Option(help: "How often each is tried.")
    var tries = 2

    @OptionGroup var running: KerasBench.Running

    func run() throws {
        let model = try Model.load(model)
        model.runtime = running.options
        let archive = try NPZ(path: data)
        let (x, y) = (try archive.tensor(named: "x_train"), try archive.tensor(named: "y_train"))
        let (allX, allY) = (try archive.tensor(named: "x_all"), try archive.tensor(named: "y_all"))
        var (epoch, evaluation) = (Duration.seconds(Int.max), Duration.seconds(Int.max))
        for attempt in 0...tries {
            let clock = ContinuousClock()
            let fitting = try clock.measure { _ = try model.fit(x, y, batchSize: batch, verbose: 0) }
            let evaluating = try clock.measure { _ = try model.evaluate(allX, allY, batchSize: batch) }
            guard attempt > 0 else { continue }
            (epoch, evaluation) = (min(epoch, fitting), min(evaluation, evaluating))
        }
        print("[\(epoch / .seconds(1)), \(evaluation / .seconds(1))]")
    }
}
