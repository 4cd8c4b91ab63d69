import ArgumentParser
import NumPy
import Tensors

/// How fast `.npy` and `.npz` files are read and written: our side of `Tests/Benchmarks/numpy_files.py`.
struct NumPyFiles: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Times one way to read or write numpy's files; seconds on standard output, one a line, and what came out behind them.")

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case open, sum, statistics, read, save
    }

    @Argument(help: "open a .npy; sum or look at its numbers where they are mapped; read all of a .npz; save a .npy's array to OUT.")
    var action: Action

    @Argument(help: "A .npy, or a .npz for read.")
    var path: String

    @Argument(help: "For save: the file to write.")
    var output: String?

    @Option(help: "How often.")
    var times = 5

    func run() throws {
        let array = action == .save ? try NPY.load(path, mapped: false) : nil
        for _ in 0..<times {
            var result = ""
            let clock = ContinuousClock()
            let start = clock.now
            switch action {
            case .open: result = "\(try NPY.load(path).shape)"
            case .sum: result = "\(try NPY.load(path).sum())"
            case .statistics: result = "\(try NPY.load(path).statistics())"
            case .read:
                let archive = try NPZ(path: path)
                for name in archive.names { result += "\(try archive.tensor(named: name).shape)" }
            case .save:
                guard let array, let output else { throw ValidationError("save needs a second file") }
                try NPY.save(array, to: output)
            }
            print((clock.now - start) / .seconds(1), result)
        }
    }
}
