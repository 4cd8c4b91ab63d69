import ArgumentParser
import Keras
import KerasRuntime

/// What the processor can do at most, on one thread and on all that are used.
struct MachineFacts {
    let threads: Int
    let flops: Double
    let flopsOfOne: Double
    let bandwidth: Double
    let bandwidthOfOne: Double

    static func measured(_ options: RuntimeOptions) throws -> MachineFacts {
        var one = options
        one.threads = 1
        return MachineFacts(
            threads: options.threads, flops: try PeakMeasure.flops(options), flopsOfOne: try PeakMeasure.flops(one),
            bandwidth: try BandwidthMeasure.bytesPerSecond(options), bandwidthOfOne: try BandwidthMeasure.bytesPerSecond(one))
    }

    var json: JSON {
        [
            "cores": .integer(RuntimeOptions.environment.threads), "threads": .integer(threads), "peak_flops": .float(flops),
            "peak_flops_of_one": .float(flopsOfOne), "bandwidth": .float(bandwidth), "bandwidth_of_one": .float(bandwidthOfOne),
        ]
    }

    var text: String {
        "peak \(gigas(flopsOfOne)) GFLOP/s on one thread, \(gigas(flops)) on \(threads); "
            + "copies \(gigas(bandwidthOfOne)) and \(gigas(bandwidth)) GB/s\n"
    }
}

/// Billions, to a tenth.
func gigas(_ value: Double) -> String { "\((value / 1e8).rounded() / 10)" }

struct Machine: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tells what the processor and its memory can do at most.")

    @OptionGroup var running: KerasBench.Running

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() throws {
        let facts = try MachineFacts.measured(running.options)
        print(json ? facts.json.serialized() : facts.text, terminator: json ? "\n" : "")
    }
}
