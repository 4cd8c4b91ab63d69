import KerasModel
import Tensors

/// Numbers drawn by place: any thread may draw any of them.
struct RandomStep<T: ComputeScalar>: Step {
    private let random: Random
    private let seed: Location
    private let out: Location
    private let count: Int
    /// Blocks of four numbers.
    private let cut: Parts

    init(_ random: Random, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        self.random = random
        seed = try plan.location(node.inputs[0])
        out = try plan.location(node.output)
        count = plan.shape(node.output).count
        let blocks = (count + 3) / 4
        cut = Parts(blocks, flops: 400 * Double(blocks), bytes: Double(count * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let given = frame.integers(seed)
        let run = UInt64(UInt32(bitPattern: given[0])) | UInt64(UInt32(bitPattern: given[1])) << 32
        let source = Philox(
            seed: random.seed.map { UInt64(bitPattern: Int64($0)) } ?? run, stream: UInt32(truncatingIfNeeded: random.stream))
        let (step, target, blocks) = (UInt32(bitPattern: given[2]), frame.reals(out), cut[part])
        switch random.kind {
        case .uniform: fill(target, blocks, { source.uniforms($0, attempt: step) }) { T($0) }
        case .normal: fill(target, blocks, { source.normals($0, attempt: step) }) { T($0) }
        case .dropout(let rate):
            let limit = UInt32(min(max(rate, 0) * 0x1p32, 0x1p32 - 1))
            let kept = T(1 / (1 - rate))
            fill(target, blocks, { source.words($0, attempt: step) }) { $0 >= limit ? kept : 0 }
        }
    }

    @inline(__always)
    private func fill<N: SIMDScalar>(
        _ target: UnsafeMutablePointer<T>, _ blocks: Range<Int>, _ draw: (UInt64) -> SIMD4<N>, _ number: (N) -> T
    ) {
        for block in blocks {
            let drawn = draw(UInt64(block))
            for lane in 0..<min(4, count - 4 * block) { target[4 * block + lane] = number(drawn[lane]) }
        }
    }
}
