import Keras
import KerasRuntime

/// What `keras bench` found out.
struct BenchReport {
    /// A layer's steps in the plan, those of one piece of a batch together.
    struct Layer {
        let name: String
        var ops: [String] = []
        var seconds = 0.0
        var flops = 0.0

        init(name: String) { self.name = name }

        mutating func add(_ op: String, _ seconds: Double, flops: Double) {
            if !ops.contains(op) { ops.append(op) }
            self.seconds += seconds
            self.flops += flops
        }
    }

    let model: String
    let inputs: [Tensor]
    let samples: Int
    let options: RuntimeOptions
    /// Seconds of one prediction, in each round.
    let rounds: [Double]
    let layers: [Layer]
    /// Operations per second at most, on all threads and on one.
    let peak: Double
    let peakOfOne: Double

    private var median: Double {
        let sorted = rounds.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private var samplesPerSecond: Double { Double(samples) / median }
    /// Operations for one sample.
    private var flopsPerSample: Double { layers.reduce(0) { $0 + $1.flops } / Double(min(16, samples)) }
    private var share: Double { flopsPerSample * samplesPerSecond / peak }

    var text: String {
        let total = layers.reduce(0) { $0 + $1.seconds }
        let spread = Double(samples) / (rounds.max() ?? median)...Double(samples) / (rounds.min() ?? median)
        var text = "\(model)  \(inputs.map { "\($0.shape)" }.joined(separator: ", "))  \(Numbers.counted(options.threads, "thread"))\n\n"
        text +=
            "\(Numbers.grouped(Int(samplesPerSecond))) samples/s, \(Numbers.fixed(median * 1e3, 3)) ms a batch: the median of \(rounds.count) rounds,"
        text += " \(Numbers.grouped(Int(spread.lowerBound))) to \(Numbers.grouped(Int(spread.upperBound)))\n"
        text += "\(percent(share)) of this machine's peak of \(Numbers.fixed(peak / 1e9, 1)) GFLOP/s,"
        text += " at \(Numbers.fixed(flopsPerSample / 1e6, 2)) MFLOP a sample\n\n"
        var table = TextTable([
            ("layer", .left), ("computes", .left), ("time", .right), ("share", .right), ("GFLOP/s", .right), ("of peak", .right),
        ])
        for layer in layers {
            let speed = layer.seconds > 0 ? layer.flops / layer.seconds : 0
            table.add([
                Terminal.visible(layer.name), layer.ops.joined(separator: ", "), "\(Numbers.fixed(layer.seconds * 1e6, 1)) µs",
                percent(total > 0 ? layer.seconds / total : 0), layer.flops > 0 ? Numbers.fixed(speed / 1e9, 1) : "",
                layer.flops > 0 ? percent(speed / peakOfOne) : "",
            ])
        }
        text += table.text()
        return text + "\nTimes are those of \(Numbers.counted(min(16, samples), "sample")) on one thread.\n"
    }

    var json: JSON {
        let layers = layers.map { layer in
            JSON.object([
                "layer": .string(layer.name), "ops": .array(layer.ops.map(JSON.string)), "seconds": .float(layer.seconds),
                "flops": .float(layer.flops),
            ])
        }
        return [
            "model": .string(model), "input_shapes": .array(inputs.map { .array($0.shape.dims.map(JSON.integer)) }),
            "batch_size": .integer(samples),
            "threads": .integer(options.threads), "samples_per_second": .float(samplesPerSecond), "seconds_per_batch": .float(median),
            "rounds": .array(rounds.map(JSON.float)), "flops_per_sample": .float(flopsPerSample), "peak_flops": .float(peak),
            "share_of_peak": .float(share), "layers": .array(layers),
        ]
    }

    private func percent(_ share: Double) -> String { "\(Numbers.fixed(share * 100, 1)) %" }
}
