import ArgumentParser
import Keras
import KerasRuntime

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast a model runs on this machine.",
        discussion: """
            Predicts random data in timed rounds and tells the median, then the time of each layer alone on one thread, and which share of \
            what the processor can do at most each uses. That most is measured in the same run.

            Examples:
              keras bench model.h5
              keras bench model.h5 --batch-size 1 --threads 1
              keras bench model.h5 --input-shape 224,224,3 --json
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: ArgumentHelp("Samples in each prediction.", valueName: "n"))
    var batchSize = 32

    @OptionGroup var running: RunArguments

    @Option(
        help: ArgumentHelp(
            "An input's lengths without the batch, such as 224,224,3, where the model leaves some open; once for each input.",
            valueName: "n,…"))
    var inputShape: [String] = []

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        try KerasTool.validate(batchSize: batchSize)
        if let wrong = inputShape.first(where: { Bench.lengths($0) == nil }) {
            throw ValidationError("--input-shape takes whole numbers with commas between, such as 28,28,1, not \(wrong)")
        }
    }

    func run() throws {
        let model = try self.model.load(needsWeights: false)
        let given = inputShape.compactMap { Bench.lengths($0) }
        let seed = model.awaitsInputShape ? try given.prefix(1).map { try Tensor(zeros: Shape([1] + $0)) } : []
        let snapshot = try KerasError.placing(Place(file: self.model.model)) { try model.snapshot(for: seed) }
        let inputs = try inputs(of: snapshot, given)
        let predictor = Predictor(weights: snapshot.weights, options: running.options) { try snapshot.built.lowered(for: $0) }
        let report = try KerasError.placing(Place(file: self.model.model)) {
            BenchReport(
                model: Terminal.visible(snapshot.built.root.name), inputs: inputs, samples: batchSize, options: running.options,
                rounds: try rounds { _ = try predictor.predict(inputs) }, layers: try profile(snapshot, inputs),
                peak: try PeakMeasure.flops(running.options), peakOfOne: try PeakMeasure.flops(RuntimeOptions(threads: 1)))
        }
        Terminal.write(json ? report.json.serialized() + "\n" : report.text)
    }

    /// Seconds per call in rounds that together take over a second, after a warm-up of a fifth of one.
    private func rounds(_ call: () throws -> Void) throws -> [Double] {
        let clock = ContinuousClock()
        func run(_ count: Int) throws -> Double {
            Double(seconds: try clock.measure { for _ in 0..<count { try call() } })
        }
        try call()
        var (calls, spent) = (0, 0.0)
        while spent < 0.2 { (calls, spent) = (calls + 1, spent + (try run(1))) }
        let each = max(Int(Double(calls) / spent * 0.15), 1)
        var rounds: [Double] = []
        var total = 0.0
        while total < 1.2 || rounds.count < 5 {
            let seconds = try run(each)
            total += seconds
            rounds.append(seconds / Double(each))
        }
        return rounds
    }

    /// Each layer's time on one thread: the quickest of several runs of each of its steps.
    private func profile(_ snapshot: ModelSnapshot, _ inputs: [Tensor]) throws -> [BenchReport.Layer] {
        // As many samples as the runtime hands through a plan at once.
        let piece = inputs.allSatisfy { $0.rank > 0 } ? inputs.map { $0[0..<min(16, batchSize)] } : inputs
        let graph = try snapshot.built.lowered(for: piece.map(\.shape))
        let executable = try Executable(
            graph: graph,
            weights: { id in
                guard let tensor = snapshot.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
                return tensor
            }, options: RuntimeOptions(threads: 1))
        var best: [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] = []
        let clock = ContinuousClock()
        let start = clock.now
        repeat {
            let steps = try executable.profile(piece)
            if best.isEmpty { best = steps }
            for index in best.indices where steps.indices.contains(index) {
                best[index].seconds = min(best[index].seconds, steps[index].seconds)
            }
        } while clock.now - start < .milliseconds(300)
        var layers: [BenchReport.Layer] = []
        for step in best {
            if layers.last?.name != step.layer { layers.append(BenchReport.Layer(name: step.layer)) }
            layers[layers.count - 1].add(step.op, step.seconds, flops: step.flops)
        }
        return layers
    }

    /// Random numbers from 0 to 1, always the same: what comes out does not matter, how long it takes does.
    private func inputs(of snapshot: ModelSnapshot, _ given: [[Int]]) throws -> [Tensor] {
        let layers = snapshot.built.architecture.inputLayers
        var generator = SplitMix(state: 1)
        return try snapshot.built.inputShapes.enumerated().map { index, shape in
            let name = layers.indices.contains(index) ? layers[index].name : "\(index)"
            let lengths = given.indices.contains(index) ? given[index] : shape.dims.dropFirst().compactMap { $0 }
            guard SymbolicShape([nil] + shape.dims.dropFirst()).admits(Shape([1] + lengths)) else {
                throw KerasError(
                    .usage,
                    given.indices.contains(index) ? "the shape given does not fit input '\(name)'" : "input '\(name)' has open lengths",
                    at: Place(file: model.model), found: "\(shape)",
                    expected: "--input-shape with \(Numbers.counted(shape.rank - 1, "length")), such as --input-shape "
                        + shape.dims.dropFirst().map { "\($0 ?? 64)" }.joined(separator: ","))
            }
            let full = try Shape(checking: [batchSize] + lengths)
            let numbers = (0..<full.count).map { _ in Float(generator.next() >> 40) / Float(1 << 24) }
            return try Tensor(numbers, shape: full).converted(to: layers.indices.contains(index) ? layers[index].valueType : .float32)
        }
    }

    private static func lengths(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        return parts.allSatisfy({ ($0 ?? 0) > 0 }) ? parts.compactMap { $0 } : nil
    }
}

/// Sebastiano Vigna's splitmix64.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
