import Keras
import KerasRuntime

/// What `keras bench` found out.
struct BenchReport {
    /// A step as the runtime tells of it.
    typealias Step = (layer: String, op: String, seconds: Double, flops: Double, bytes: Double)

    /// A layer's steps in the plan, those of one piece of a batch together.
    struct Layer {
        let name: String
        var ops: [String] = []
        /// On one thread, and on all that are used.
        var seconds = 0.0
        var secondsOfAll = 0.0
        var flops = 0.0
        var bytes = 0.0
    }

    /// The layers of the same steps on one thread and on all.
    static func layers(_ alone: [Step], _ all: [Step]) -> [Layer] {
        var layers: [Layer] = []
        for (one, every) in zip(alone, all) {
            var layer = layers.last?.name == one.layer ? layers.removeLast() : Layer(name: one.layer)
            if !layer.ops.contains(one.op) { layer.ops.append(one.op) }
            layer.seconds += one.seconds
            layer.secondsOfAll += every.seconds
            layer.flops += one.flops
            layer.bytes += one.bytes
            layers.append(layer)
        }
        return layers
    }

    let model: String
    let inputs: [Tensor]
    let samples: Int
    /// Of how many samples the layers' times are.
    let profiled: Int
    let options: RuntimeOptions
    /// Seconds of one prediction, in each round.
    let rounds: [Double]
    let layers: [Layer]
    /// Operations per second at most, on all threads and on one.
    let peak: Double
    let peakOfOne: Double
    /// Bytes read and written per second at most, on one thread.
    let bandwidthOfOne: Double
    let races: [Race.Result]

    private var middle: Double { median(rounds) }
    private var samplesPerSecond: Double { Double(samples) / middle }
    /// Operations for one sample.
    private var flopsPerSample: Double { layers.reduce(0) { $0 + $1.flops } / Double(profiled) }
    private var share: Double { flopsPerSample * samplesPerSecond / peak }

    var text: String {
        let total = layers.reduce(0) { $0 + $1.seconds }
        let spread = Double(samples) / (rounds.max() ?? middle)...Double(samples) / (rounds.min() ?? middle)
        var text = "\(model)  \(inputs.map { "\($0.shape)" }.joined(separator: ", "))  \(Numbers.counted(options.threads, "thread"))\n\n"
        text +=
            "\(Numbers.grouped(Int(samplesPerSecond))) samples/s, \(Numbers.fixed(middle * 1e3, 3)) ms a batch: the median of \(rounds.count) rounds,"
        text += " \(Numbers.grouped(Int(spread.lowerBound))) to \(Numbers.grouped(Int(spread.upperBound)))\n"
        text += "\(percent(share)) of this machine's peak of \(Numbers.fixed(peak / 1e9, 1)) GFLOP/s,"
        text += " at \(Numbers.fixed(flopsPerSample / 1e6, 2)) MFLOP a sample\n\n"
        text += raceText
        let isForked = options.threads > 1
        var table = TextTable(
            [("layer", .left), ("computes", .left), ("time", .right)] + (isForked ? [("on \(options.threads)", .right)] : []) + [
                ("share", .right), ("GFLOP/s", .right), ("of peak", .right), ("GB/s", .right), ("of copies", .right),
            ])
        for layer in layers {
            let (speed, flow) = layer.seconds > 0 ? (layer.flops / layer.seconds, layer.bytes / layer.seconds) : (0, 0)
            table.add(
                [Terminal.visible(layer.name), layer.ops.joined(separator: ", "), micro(layer.seconds)]
                    + (isForked ? [micro(layer.secondsOfAll)] : []) + [
                        percent(total > 0 ? layer.seconds / total : 0), layer.flops > 0 ? Numbers.fixed(speed / 1e9, 1) : "",
                        layer.flops > 0 ? percent(speed / peakOfOne) : "", Numbers.fixed(flow / 1e9, 1), percent(flow / bandwidthOfOne),
                    ])
        }
        text += table.text()
        text +=
            "\nTimes are those of \(Numbers.counted(profiled, "sample")) on one thread\(isForked ? " (and on \(options.threads))" : "");"
        text += " copies through memory reach \(Numbers.fixed(bandwidthOfOne / 1e9, 1)) GB/s there.\n"
        return text
    }

    private var raceText: String {
        guard !races.isEmpty else { return "" }
        var table = TextTable([
            ("in turns with", .left), ("setting", .left), ("theirs", .right), ("ours", .right), ("times as fast", .right),
            ("largest difference", .right),
        ])
        for race in races {
            table.add([
                Terminal.visible(race.peer), Terminal.visible(race.setting), "\(Numbers.fixed(median(race.theirs) * 1e3, 3)) ms",
                "\(Numbers.fixed(median(race.ours) * 1e3, 3)) ms", Numbers.fixed(race.ratio, 2), Numbers.scientific(race.difference, 1),
            ])
        }
        return table.text() + "\n"
    }

    private func micro(_ seconds: Double) -> String { "\(Numbers.fixed(seconds * 1e6, 1)) µs" }

    var json: JSON {
        let layers = layers.map { layer in
            JSON.object([
                "layer": .string(layer.name), "ops": .array(layer.ops.map(JSON.string)), "seconds": .float(layer.seconds),
                "seconds_on_all_threads": .float(layer.secondsOfAll), "flops": .float(layer.flops), "bytes": .float(layer.bytes),
            ])
        }
        let races = races.map { race in
            JSON.object([
                "peer": .string(race.peer), "setting": .string(race.setting), "seconds": .array(race.theirs.map(JSON.float)),
                "ours": .array(race.ours.map(JSON.float)), "times_as_fast": .float(race.ratio),
                "largest_difference": .float(race.difference),
            ])
        }
        return [
            "model": .string(model), "input_shapes": .array(inputs.map { .array($0.shape.dims.map(JSON.integer)) }),
            "batch_size": .integer(samples),
            "threads": .integer(options.threads), "samples_per_second": .float(samplesPerSecond), "seconds_per_batch": .float(middle),
            "rounds": .array(rounds.map(JSON.float)), "flops_per_sample": .float(flopsPerSample), "peak_flops": .float(peak),
            "share_of_peak": .float(share), "peak_flops_of_one_thread": .float(peakOfOne),
            "bandwidth_of_one_thread": .float(bandwidthOfOne), "layers": .array(layers), "against": .array(races),
        ]
    }

    private func percent(_ share: Double) -> String { "\(Numbers.fixed(share * 100, 1)) %" }
}
