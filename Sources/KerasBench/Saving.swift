import ArgumentParser
import Keras

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// How fast a model is written from memory: our side of `Tests/Benchmarks/saving.py`.
struct Saving: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a model, and writes it whenever a line comes in; the seconds go to standard output, one a line.")

    @Argument(help: "How large.")
    var megabytes: Int

    @Argument(help: "The file to write.")
    var path: String

    @Option(help: "How many weights they are.")
    var layers = 1

    func run() throws {
        let width = Int((Double(megabytes) * 1e6 / 4 / Double(layers)).squareRoot())
        let model = Sequential((0..<layers).map { _ in Dense(width, useBias: false).inputShape(width) })
        _ = try model.getWeights()
        while readLine() != nil {
            let seconds = try ContinuousClock().measure { try model.save(to: path) } / .seconds(1)
            print(seconds)
            fflush(nil)
        }
    }
}
