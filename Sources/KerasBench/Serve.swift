import ArgumentParser
import Keras
import KerasRuntime

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Stays alive and answers, so that its turns can alternate with those of a peer (Sources/KerasTool/Peers/peer.py), both warm.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers lines on standard input, each with a JSON object.",
        discussion: """
            open BATCH PATH   loads a model and runs it once
            run SECONDS       how long one call takes, over so many seconds
            predict IN OUT    runs IN.npy and writes what the model gives
            """)

    @OptionGroup var running: KerasBench.Running

    func run() throws {
        var subject: ModelSubject?
        func model() throws -> ModelSubject {
            guard let subject else { throw KerasError(.usage, "nothing is open") }
            return subject
        }
        while let line = readLine() {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            let answer: JSON
            do {
                switch (words.first, words.count) {
                case ("open", 3):
                    subject = nil
                    let opened = try ModelSubject(path: words[2], batch: Int(words[1]) ?? 1, options: running.options)
                    subject = opened
                    answer = ["ready": true, "version": "", "setting": .string("\(running.options.threads) threads")]
                case ("run", 2): answer = try Timing.measure(seconds: Double(words[1]) ?? 0.3, model().run).json
                case ("predict", 3):
                    try NPY.save(try model().predict(try NPY.load(words[1])), to: words[2])
                    answer = ["done": true]
                default: throw KerasError(.usage, "a line this does not know", found: line, expected: "open, run or predict")
                }
            } catch {
                answer = ["error": .string("\(error)")]
            }
            print(answer.serialized())
            fflush(nil)
        }
    }
}

/// A model that is run on the same random input again and again.
struct ModelSubject {
    private let snapshot: ModelSnapshot
    private let predictor: Predictor
    private let input: Tensor

    init(path: String, batch: Int, options: RuntimeOptions) throws {
        snapshot = try Model.load(path).snapshot()
        let built = snapshot.built
        predictor = Predictor(weights: snapshot.weights, options: options) { try built.lowered(for: $0) }
        guard built.inputShapes.count == 1 else {
            throw KerasError(.unsupported, "only models with one input are measured", found: "\(built.inputShapes.count)")
        }
        let shape = Shape([batch] + built.inputShapes[0].dims.dropFirst().map { $0 ?? 64 })
        input = try Chance.numbers(shape, seed: 1)
        try run()
    }

    func run() throws { _ = try predictor.predict([input]) }

    func predict(_ input: Tensor) throws -> Tensor { try predictor.predict(try snapshot.built.fitted([input]))[0] }
}
