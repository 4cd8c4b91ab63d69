import KerasModel
import Tensors

/// Numbers drawn by place: any thread may draw any of them.
struct RandomStep<T: ComputeScalar>: Step {
    private let random: Random
    private let seed: Location
    private let out: Location
    private let count: Int
    private let rows: Int
    /// Blocks of four numbers.
    private let cut: Parts

    init(_ random: Random, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        self.random = random
        seed = try plan.location(node.inputs[0])
        out = try plan.location(node.output)
        count = plan.shape(node.output).count
        rows = plan.shape(node.output).dims.first ?? 1
        let blocks = (count + 3) / 4
        cut = Parts(blocks, flops: 200 * Double(blocks), bytes: Double(count * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let given = frame.integers(seed)
        let run = UInt64(UInt32(bitPattern: given[0])) | UInt64(UInt32(bitPattern: given[1])) << 32
        let source = Philox(
            seed: random.seed.map { UInt64(bitPattern: Int64($0)) } ?? run, stream: UInt32(truncatingIfNeeded: random.stream))
        let (step, target, blocks) = (UInt32(bitPattern: given[2]), frame.reals(out), cut[part])
        // Batches are cut where a block begins: `BatchPieces`.
        let before = UInt64(UInt32(bitPattern: given[3])) * UInt64(count / max(rows, 1)) / 4
        switch random.kind {
        case .uniform: fill(target, blocks, before, source, step) { T(Double($0 >> 8) * 0x1p-24) }
        case .normal: fill(target, blocks) { source.normals(before + $0, attempt: step) }
        case .dropout(let rate):
            let limit = UInt32(min(max(rate, 0) * 0x1p32, 0x1p32 - 1))
            let kept = T(1 / (1 - rate))
            fill(target, blocks, before, source, step) { $0 >= limit ? kept : 0 }
        }
    }

    /// Each word's number, many blocks at once.
    @inline(__always)
    private func fill(
        _ target: UnsafeMutablePointer<T>, _ blocks: Range<Int>, _ before: UInt64, _ source: Philox, _ step: UInt32, _ number: (UInt32) -> T
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * Philox.lanes) { memory in
            guard let words = memory.baseAddress else { return }
            for first in stride(from: blocks.lowerBound, to: blocks.upperBound, by: Philox.lanes) {
                source.words(from: before + UInt64(first), attempt: step, into: words)
                let made = min(Philox.lanes, blocks.upperBound - first)
                let out = target + 4 * first
                if made == Philox.lanes, 4 * (first + made) <= count {
                    for block in 0..<Philox.lanes {
                        for lane in 0..<4 { out[4 * block + lane] = number(words[lane * Philox.lanes + block]) }
                    }
                } else {
                    for place in 0..<min(4 * made, count - 4 * first) { out[place] = number(words[place % 4 * Philox.lanes + place / 4]) }
                }
            }
        }
    }

    /// Four numbers of each block.
    @inline(__always)
    private func fill(_ target: UnsafeMutablePointer<T>, _ blocks: Range<Int>, _ draw: (UInt64) -> SIMD4<Double>) {
        for block in blocks {
            let drawn = draw(UInt64(block))
            for lane in 0..<min(4, count - 4 * block) { target[4 * block + lane] = T(drawn[lane]) }
        }
    }
}
