import ArgumentParser
import Keras
import KerasRuntime

/// Measures models and single primitives on this machine.
@main struct KerasBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures models and single primitives on this machine.",
        subcommands: [Measure.self, Machine.self, Serve.self, NumPyFiles.self, Saving.self, Training.self], defaultSubcommand: Measure.self)

    /// How problems are run.
    struct Running: ParsableArguments {
        @Option(help: "Threads to use. (default: one per processor)")
        var threads: Int?

        @Option(help: "The instruction set: avx512, avx2, sse2, neon, generic. (default: the best there is)")
        var isa: String?

        @Option(help: "How convolutions are computed: automatic or direct. (default: automatic)")
        var convolutions: RuntimeOptions.Convolutions?

        var options: RuntimeOptions {
            var options = RuntimeOptions()
            if let threads { options.threads = threads }
            if let isa { options.isa = isa }
            if let convolutions { options.convolutions = convolutions }
            return options
        }
    }
}

extension RuntimeOptions.Convolutions: ExpressibleByArgument {}
