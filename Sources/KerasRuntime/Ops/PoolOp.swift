import KerasModel
import Tensors

extension Pool {
    func step<T: ComputeScalar>(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        guard window.count <= 3 else {
            throw KerasError(.unsupported, "pooling over more than three axes", found: "\(window.count) axes")
        }
        return try PoolStep<T>(self, node, &plan)
    }
}

/// Windows cut to the cells that exist: a line's inner windows in one call, those at its ends one by one.
struct PoolStep<T: ComputeScalar>: Step {
    private let kind: Pool.Kind
    private let from: Location
    private let to: Location
    private let channels: Int
    private let imageSize: Int
    private let outputSize: Int
    /// Most are a line of one image.
    private let calls: [Call]
    /// The calls of all images.
    private let cut: Parts

    private struct Call {
        var from: Int
        var to: Int
        var windows: PoolWindows
        var cells: Int
    }

    init(_ pool: Pool, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (x, y) = (plan.shape(node.inputs[0]), plan.shape(node.output))
        kind = pool.kind
        from = try plan.location(node.inputs[0])
        to = try plan.location(node.output)
        channels = x[x.rank - 1]
        imageSize = x.dims.dropFirst().reduce(1, *)
        outputSize = y.dims.dropFirst().reduce(1, *)
        calls = PoolStep.calls(pool, spatial: Array(x.dims[1..<(x.rank - 1)]), output: Array(y.dims[1..<(y.rank - 1)]), channels)
        // A cell is read as often as windows hold it, mostly from the first cache.
        let cells = Double(y.count * pool.window.reduce(1, *))
        cut = Parts(x[0] * calls.count, flops: 4 * cells, bytes: Double((x.count + y.count) * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    private static func calls(_ pool: Pool, spatial: [Int], output: [Int], _ channels: Int) -> [Call] {
        // One or two axes are three with the outer ones of length 1.
        let missing = 3 - spatial.count
        let ones = [Int](repeating: 1, count: missing)
        let (spatial, output) = (ones + spatial, ones + output)
        let (window, strides) = (ones + pool.window, ones + pool.strides)
        let padding = [Edges](repeating: .none, count: missing) + pool.padding
        let pitches = [spatial[1] * spatial[2] * channels, spatial[2] * channels, channels]
        func cells(_ axis: Int, _ position: Int) -> Range<Int> {
            let start = position * strides[axis] - padding[axis].before
            let (low, high) = (max(start, 0), min(start + window[axis], spatial[axis]))
            return low..<max(low, high)
        }
        var calls: [Call] = []
        for d in 0..<output[0] {
            for h in 0..<output[1] {
                let (ds, hs) = (cells(0, d), cells(1, h))
                var w = 0
                while w < output[2] {
                    let ws = cells(2, w)
                    // Windows that lie wholly inside follow each other at the stride.
                    var end = w + 1
                    if ws.count == window[2] { while end < output[2] && cells(2, end).count == window[2] { end += 1 } }
                    let windows = PoolWindows(
                        count: end - w, step: strides[2] * channels, cells: (ds.count, hs.count, ws.count),
                        pitches: (pitches[0], pitches[1], pitches[2]))
                    calls.append(
                        Call(
                            from: ds.lowerBound * pitches[0] + hs.lowerBound * pitches[1] + ws.lowerBound * pitches[2],
                            to: ((d * output[1] + h) * output[2] + w) * channels, windows: windows, cells: ds.count * hs.count * ws.count))
                    w = end
                }
            }
        }
        return calls
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let (x, y) = (UnsafePointer(frame.reals(from)), frame.reals(to))
        for index in cut[part] {
            let (image, call) = (index / calls.count, calls[index % calls.count])
            let (source, target) = (x + image * imageSize + call.from, y + image * outputSize + call.to)
            switch kind {
            case .max: frame.kernels.maxPool(source, call.windows, channels: channels, target)
            case .average: frame.kernels.sumPool(source, call.windows, channels: channels, divisor: T(call.cells), target)
            }
        }
    }
}
