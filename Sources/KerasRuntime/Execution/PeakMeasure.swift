private import Synchronization

/// What this machine's processor can do at most, so that a model's speed can be told as a share of it.
package enum PeakMeasure {
    /// Multiplications and additions in a second: the product kernel on operands that never leave the first cache, on all threads at once.
    ///
    /// - Throws: `unsupported` if the options name an instruction set this processor lacks.
    package static func flops(_ options: RuntimeOptions) throws -> Double {
        let kernels = try Float.kernels(options)
        var best = 0.0
        // The processor raises and lowers its clock: the best of several short runs is what it can do.
        for _ in 0..<8 {
            let clock = ContinuousClock()
            let done = Atomic(0)
            let start = clock.now
            WorkerPool.shared.run(options.threads, threads: options.threads) { _, _ in
                _ = done.add(product(kernels, until: start + .milliseconds(20), clock), ordering: .relaxed)
            }
            let seconds = Double(seconds: clock.now - start)
            best = max(best, Double(done.load(ordering: .relaxed)) / seconds)
        }
        return best
    }

    /// The operations done until the time is over.
    private static func product(_ kernels: FloatKernels, until end: ContinuousClock.Instant, _ clock: ContinuousClock) -> Int {
        let (m, k, n) = (48, 144, 48)
        let left = [Float](repeating: 0.5, count: m * k)
        let right = [Float](repeating: 0.25, count: k * n)
        var panels = [Float](repeating: 0, count: kernels.packedSize(k, n))
        var out = [Float](repeating: 0, count: m * n)
        var operations = 0
        left.withUnsafeBufferPointer { left in
            guard let first = left.baseAddress else { return }
            kernels.pack(k, n, right, rowStride: n, columnStride: 1, &panels)
            let pointers = (0..<m).map { first + $0 * k }
            pointers.withUnsafeBufferPointer { pointers in
                withUnsafePointer(to: 0) { tap in
                    guard let rows = pointers.baseAddress else { return }
                    let windows = WindowRows(rows: rows, taps: 1, tapOffsets: tap, tapLength: k)
                    repeat {
                        for _ in 0..<16 {
                            kernels.gemm(m, n, windows, panels, .plain, &out, outStride: n)
                        }
                        operations += 16 * 2 * m * k * n
                    } while clock.now < end
                }
            }
        }
        return operations
    }
}

extension Double {
    /// A duration's seconds.
    package init(seconds duration: Duration) {
        self = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
