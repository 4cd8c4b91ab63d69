private import Synchronization
import Tensors

/// How fast this machine moves numbers through its memory, so that what a layer moves can be told as a share of it.
package enum BandwidthMeasure {
    /// Bytes read and written in a second, on all threads at once: copies between blocks that no cache holds.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package static func bytesPerSecond(_ options: RuntimeOptions) throws -> Double {
        let size = 64 << 20
        let blocks = try (0..<2 * options.threads).map { _ in try Buffer(count: size) }
        let clock = ContinuousClock()
        var best = 0.0
        // The first of them lets the system bring the pages in.
        for _ in 0..<6 {
            let seconds = Double(
                seconds: clock.measure {
                    WorkerPool.shared.run(options.threads, threads: options.threads) { task, _ in
                        guard let source = blocks[2 * task].bytes.baseAddress else { return }
                        blocks[2 * task + 1].bytes.baseAddress?.copyMemory(from: source, byteCount: size)
                    }
                })
            best = max(best, Double(2 * size * options.threads) / seconds)
        }
        return best
    }
}
