#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// How models are run. None of it changes what a model means.
///
///     model.runtime.threads = 1
///     model.runtime.convolutions = .direct
public struct RuntimeOptions: Sendable, Equatable {
    /// Threads a prediction may use, from 1 to 1024. The results are the same bits for every number. Unless set, `KERAS_NUM_THREADS`, or
    /// one for each processor.
    public var threads: Int {
        didSet { threads = RuntimeOptions.allowed(threads) }
    }

    /// How convolutions are computed. Unless set, ``Convolutions/direct`` if `KERAS_CONVOLUTIONS=direct` stands in the environment, else
    /// ``Convolutions/automatic``.
    public var convolutions: Convolutions

    /// Ways to compute a convolution.
    public enum Convolutions: String, CaseIterable, Sendable {
        /// Whatever is quickest, Winograd's algorithm for small windows included, whose rounding error is up to twice as large.
        case automatic
        /// The sum of products as it is written.
        case direct
    }

    /// The instruction set's name (`avx512`, `avx2`, `sse2`, `neon`, `generic`); nil for the best this processor has.
    package var isa: String?
    /// Every primitive alone, nothing folded or fused, the generic kernels: what the plans are tested against.
    package var reference: Bool
    /// The plan answers for a single sample, which has the weights read for itself alone. All plans of one prediction agree on it, so that
    /// no sample's bits hang on how a batch is cut.
    package var isForOne = false
    /// What is fused; tests leave some of it out.
    package var fusions = Fusions.all

    /// What the environment says.
    public init() { self = .environment }

    package init(
        threads: Int = RuntimeOptions.environment.threads, isa: String? = RuntimeOptions.environment.isa,
        reference: Bool = RuntimeOptions.environment.reference, convolutions: Convolutions = RuntimeOptions.environment.convolutions
    ) {
        self.threads = RuntimeOptions.allowed(threads)
        self.isa = isa
        self.reference = reference
        self.convolutions = convolutions
    }

    private init(reading variable: (String) -> String?) {
        threads = variable("KERAS_NUM_THREADS").flatMap { Int($0) }.map(RuntimeOptions.allowed) ?? processorCount()
        isa = variable("KERAS_ISA")
        reference = variable("KERAS_PLAN") == "reference"
        convolutions = variable("KERAS_CONVOLUTIONS").flatMap(Convolutions.init) ?? .automatic
    }

    private static func allowed(_ threads: Int) -> Int { min(max(threads, 1), 1024) }

    /// `KERAS_NUM_THREADS`, `KERAS_CONVOLUTIONS=direct`, `KERAS_ISA` and `KERAS_PLAN=reference`, as they stood when first asked for.
    package static let environment = RuntimeOptions { name in getenv(name).map { String(cString: $0) } }
}

private func processorCount() -> Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }

/// Bytes of this machine's memory: no plan may want more.
func physicalMemory() -> Int {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages * size : Int.max
}
