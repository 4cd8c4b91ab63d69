import ArgumentParser
import Keras
import KerasRuntime
import Storage

/// Correctness and speed of problems.
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells how exact and how fast problems are.",
        discussion: """
            A problem is a family with lengths, in the manner of oneDNN's benchdnn:
              conv2d:n32h13w13c32k64r3s3valid   also same, stride2, dilation2, groups2, relu, pool (2 × 2) in any order
              depthwise:n8h56w56c96r3s3same     transposed:… maxpool:… avgpool:…
              dense:n32c576k64                  gather:n1000c64k5000 (n rows of k)
              unary:exp:n1000000                binary:add:n1000000   reduce:sum:n256c1000[columns]   all for every kind
              softmax:n256c10                   logsoftmax:… sparsemax:… transpose:n32h26w26c32
              model:PATH:n32

            The error is the distance from the plain kernels in float64, that of a model from the reference plan: the largest difference, and \
            the relative one in L2. Shares are of the peak and of the bandwidth measured in the same run; bytes are those of inputs, weights \
            and outputs, once.
            """)

    @Argument(help: "Problems.")
    var problems: [String] = []

    @Option(help: "A file of problems, one a line; # begins a comment.")
    var file: [String] = []

    @Option(help: "Seconds of each measurement.")
    var seconds = 0.3

    @OptionGroup var running: KerasBench.Running

    @Flag(help: "Print a JSON object for each problem, one a line.")
    var json = false

    func run() throws {
        let listed = try file.flatMap { try Measure.lines(of: $0) }
        let problems = try (listed + self.problems).flatMap { try Problem($0).expanded }
        guard !problems.isEmpty else { throw ValidationError("there is no problem to measure") }
        let machine = try MachineFacts.measured(running.options)
        print(json ? machine.json.serialized() : machine.text, terminator: json ? "\n" : "")
        if !json { print(Finding.titles) }
        for problem in problems {
            let finding = try KerasError.placing(Place(object: problem.text)) { try measure(problem, machine) }
            print(json ? finding.json.serialized() : finding.text)
        }
    }

    private func measure(_ problem: Problem, _ machine: MachineFacts) throws -> Finding {
        if problem.family == .model {
            var subject = try ModelSubject(path: problem.kind, batch: problem["n"], options: running.options)
            let (flops, bytes) = try subject.work()
            let error = try subject.error()
            let timing = try Timing.measure(seconds: seconds) { try subject.run() }
            return Finding(problem: problem, timing: timing, flops: flops, bytes: bytes, error: error, machine: machine)
        }
        var subject = try ProblemSubject(problem, options: running.options)
        let error = try subject.error()
        let timing = try Timing.measure(seconds: seconds) { try subject.run() }
        return Finding(problem: problem, timing: timing, flops: subject.flops, bytes: subject.bytes, error: error, machine: machine)
    }

    static func lines(of path: String) throws -> [String] {
        let text = String(decoding: try Files.read(path).withUnsafeBytes { Array($0) }, as: UTF8.self)
        return text.split(separator: "\n").map { line in
            String(line.prefix { $0 != "#" }.filter { !$0.isWhitespace })
        }.filter { !$0.isEmpty }
    }
}

/// What came out for a problem.
struct Finding {
    let problem: Problem
    let timing: Timing
    let flops: Double
    let bytes: Double
    let error: (largest: Double, relative: Double)
    let machine: MachineFacts

    private var share: Double { flops / timing.median / machine.flops }
    private var bandwidth: Double { bytes / timing.median }

    static let titles = Finding.row(["µs", "GFLOP/s", "of peak", "GB/s", "of bandwidth", "largest error", "relative"], "")

    var text: String {
        Finding.row(
            [
                short(timing.median * 1e6), short(flops / timing.median / 1e9), percent(share), short(bandwidth / 1e9),
                percent(bandwidth / machine.bandwidth), short(error.largest), short(error.relative),
            ], problem.text)
    }

    var json: JSON {
        [
            "problem": .string(problem.text), "seconds": .float(timing.median), "best": .float(timing.best),
            "flops": .float(flops), "share_of_peak": .float(share), "bytes": .float(bytes),
            "share_of_bandwidth": .float(bandwidth / machine.bandwidth), "largest_error": .float(error.largest),
            "relative_error": .float(error.relative),
        ]
    }

    private static func row(_ cells: [String], _ name: String) -> String {
        cells.map { String(repeating: " ", count: max(13 - $0.count, 1)) + $0 }.joined() + "  " + name
    }
}

/// Three digits.
private func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var scale = 1.0
    while value.magnitude * scale < 100 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
}

private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
