import ArgumentParser
import Keras
import KerasRuntime

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast a model runs on this machine.",
        discussion: """
            Predicts random data in timed rounds and tells the median, then the time of each layer alone, on one thread and on all that are used, \
            and which share each uses of what the processor and its memory can do at most. That most is measured in the same run.

            --train measures steps of training in place of predictions.

            --against runs the model in another engine too, in turns, and tells how many times as fast this is. The engine runs in a Python that \
            has it: --python, or what `make bench` installs.

            Examples:
              keras bench model.h5
              keras bench model.h5 --batch-size 1 --threads 1
              keras bench model.h5 --input-shape 224,224,3 --json
              keras bench model.h5 --train --loss mean_squared_error
              keras bench model.h5 --against onnxruntime --against openvino --python ~/peers/bin/python
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

    @Flag(help: "Measure training, by what the model is compiled with.")
    var train = false

    @OptionGroup var compiling: CompileArguments

    @Option(help: ArgumentHelp("Another engine to take turns with; as often as you like.", valueName: "engine"))
    var against: [Peer.Engine] = []

    @Option(help: ArgumentHelp("The Python that has those engines.", valueName: "path"))
    var python = ".venv-bench/bin/python"

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        try KerasTool.validate(batchSize: batchSize)
        if train, !against.isEmpty { throw ValidationError("--against measures predictions, not --train") }
        if !train, compiling.loss != nil || compiling.metrics != nil { throw ValidationError("--loss and --metrics are for --train") }
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
        let options = running.options
        var alone = options
        alone.threads = 1
        if train { return try runTraining(model, snapshot, inputs, options, alone) }
        let predictor = Predictor(weights: snapshot.weights, options: options) { try snapshot.built.lowered(for: $0) }
        let report = try KerasError.placing(Place(file: self.model.model)) {
            var outputs = try predictor.predict(inputs)
            let races = try race(inputs, try predictor.predict(inputs)) { try predictor.predict(inputs, into: &outputs) }
            return BenchReport(
                model: Terminal.visible(snapshot.built.root.name), inputs: inputs, samples: batchSize, profiled: min(16, batchSize),
                options: options,
                rounds: try rounds { try predictor.predict(inputs, into: &outputs) },
                layers: BenchReport.layers(try profile(snapshot, inputs, alone), try profile(snapshot, inputs, options)),
                peak: try PeakMeasure.flops(options), peakOfOne: try PeakMeasure.flops(alone),
                bandwidthOfOne: try BandwidthMeasure.bytesPerSecond(alone), races: races)
        }
        Terminal.write(json ? report.json.serialized() + "\n" : report.text)
    }

    /// The same of steps of training.
    private func runTraining(
        _ model: Model, _ snapshot: ModelSnapshot, _ inputs: [Tensor], _ options: RuntimeOptions, _ alone: RuntimeOptions
    ) throws {
        _ = try compiling.spec(for: snapshot, self.model.model)
        try model.adopt(compiling.trained(snapshot))
        func trainer(_ options: RuntimeOptions) throws -> Trainer {
            model.runtime = options
            return try model.trainer(seed: 0)
        }
        let report = try KerasError.placing(Place(file: self.model.model)) {
            let (one, all) = (try trainer(alone), try trainer(options))
            let targets = try all.exampleTargets(for: inputs)
            return BenchReport(
                model: Terminal.visible(snapshot.built.root.name) + ", training", inputs: inputs, samples: batchSize,
                profiled: try all.pieceSize(inputs: inputs, targets: targets),
                options: options, rounds: try rounds { try all.step(inputs: inputs, targets: targets) },
                layers: BenchReport.layers(
                    try quickest { try one.profile(inputs: inputs, targets: targets) },
                    try quickest { try all.profile(inputs: inputs, targets: targets) }),
                peak: try PeakMeasure.flops(options), peakOfOne: try PeakMeasure.flops(alone),
                bandwidthOfOne: try BandwidthMeasure.bytesPerSecond(alone), races: [])
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

    /// Turns with the engines asked for.
    private func race(_ inputs: [Tensor], _ outputs: [Tensor], _ call: () throws -> Void) throws -> [Race.Result] {
        guard !against.isEmpty else { return [] }
        guard inputs.count == 1, outputs.count == 1 else {
            throw KerasError(.unsupported, "other engines are only given models with one input and one output")
        }
        guard model.weights == nil else {
            throw KerasError(.usage, "other engines read the model's own file", expected: "--against without --weights")
        }
        return try Race.run(
            against: against, model: model.model, input: inputs[0], threads: running.options.threads, python: python, output: outputs[0],
            ours: call)
    }

    /// The quickest of several runs of each step.
    private func profile(_ snapshot: ModelSnapshot, _ inputs: [Tensor], _ options: RuntimeOptions) throws -> [BenchReport.Step] {
        // As many samples as the runtime hands through a plan at once.
        let piece = inputs.allSatisfy { $0.rank > 0 } ? inputs.map { $0[0..<min(16, batchSize)] } : inputs
        let graph = try snapshot.built.lowered(for: piece.map(\.shape))
        var options = options
        options.isForOne = batchSize == 1
        let executable = try Executable(
            graph: graph,
            weights: { id in
                guard let tensor = snapshot.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
                return tensor
            }, options: options)
        return try quickest { try executable.profile(piece) }
    }

    private func quickest(_ run: () throws -> [BenchReport.Step]) throws -> [BenchReport.Step] {
        var best: [BenchReport.Step] = []
        let clock = ContinuousClock()
        let start = clock.now
        repeat {
            let steps = try run()
            if best.isEmpty { best = steps }
            for index in best.indices where steps.indices.contains(index) {
                best[index].seconds = min(best[index].seconds, steps[index].seconds)
            }
        } while clock.now - start < .milliseconds(300)
        return best
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

extension Peer.Engine: ExpressibleByArgument {}

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
