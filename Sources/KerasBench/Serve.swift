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
            open BATCH PATH   loads a model and runs it once; a problem string in place of the path has its batch in itself
            run SECONDS       how long one call takes, over so many seconds
            predict IN OUT    runs IN.npy and writes what the model gives
            """)

    @OptionGroup var running: KerasBench.Running

    func run() throws {
        var subject: (any Subject)?
        func open() throws -> any Subject {
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
                    subject =
                        if let problem = try? Problem(words[2]), problem.family != .model {
                            try ProblemSubject(problem, options: running.options)
                        } else {
                            try ModelSubject(path: words[2], batch: Int(words[1]) ?? 1, options: running.options)
                        }
                    answer = ["ready": true, "version": "", "setting": .string("\(running.options.threads) threads")]
                case ("run", 2):
                    var opened = try open()
                    subject = nil  // the one that holds the output may write it
                    defer { subject = opened }
                    answer = try Timing.measure(seconds: Double(words[1]) ?? 0.3) { try opened.run() }.json
                case ("predict", 3):
                    try NPY.save(try open().predict(try NPY.load(words[1])), to: words[2])
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
