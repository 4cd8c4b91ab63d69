#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// How models are run. None of it changes what a model means; ``isa`` and ``reference`` change the last bits.
package struct RuntimeOptions: Sendable {
    /// Workers a prediction may use. The results are the same bits for every number.
    package var threads: Int
    /// The instruction set's name (`avx512`, `avx2`, `sse2`, `neon`, `generic`); nil for the best this processor has.
    package var isa: String?
    /// Every primitive alone, nothing folded or fused, the generic kernels: what the plans are tested against.
    package var reference: Bool

    package init(
        threads: Int = RuntimeOptions.environment.threads, isa: String? = RuntimeOptions.environment.isa,
        reference: Bool = RuntimeOptions.environment.reference
    ) {
        self.threads = max(threads, 1)
        self.isa = isa
        self.reference = reference
    }

    private init(reading variable: (String) -> String?) {
        threads = variable("KERAS_NUM_THREADS").flatMap { Int($0) }.map { min(max($0, 1), 1024) } ?? processorCount()
        isa = variable("KERAS_ISA")
        reference = variable("KERAS_PLAN") == "reference"
    }

    /// `KERAS_NUM_THREADS`, `KERAS_ISA` and `KERAS_PLAN=reference`, as they stood when first asked for.
    package static let environment = RuntimeOptions { name in getenv(name).map { String(cString: $0) } }
}

private func processorCount() -> Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }

/// Bytes of this machine's memory: no plan may want more.
func physicalMemory() -> Int {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages * size : Int.max
}
