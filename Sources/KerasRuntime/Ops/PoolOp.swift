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

/// Windows in a line of one image that hold as many cells each.
struct PoolCall: Sendable {
    /// Where the first window's first cell is, and its result.
    var from: Int
    var to: Int
    var windows: PoolWindows
    /// Of one window.
    var cells: Int

    static func all(_ pool: Pool, spatial: [Int], output: [Int], _ channels: Int) -> [PoolCall] {
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
        var calls: [PoolCall] = []
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
                        PoolCall(
                            from: ds.lowerBound * pitches[0] + hs.lowerBound * pitches[1] + ws.lowerBound * pitches[2],
                            to: ((d * output[1] + h) * output[2] + w) * channels, windows: windows, cells: ds.count * hs.count * ws.count))
                    w = end
                }
            }
        }
        return calls
    }

    /// Each cell of a window, in row-major order: how far it is from the first.
    @inline(__always)
    func forEachCell(_ body: (Int) -> Void) {
        let (cells, pitches) = (windows.cells, windows.pitches)
        for d in 0..<cells.0 {
            for h in 0..<cells.1 {
                for w in 0..<cells.2 { body(d * pitches.0 + h * pitches.1 + w * pitches.2) }
            }
        }
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
    private let calls: [PoolCall]
    /// The calls of all images.
    private let cut: Parts

    init(_ pool: Pool, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (x, y) = (plan.shape(node.inputs[0]), plan.shape(node.output))
        kind = pool.kind
        from = try plan.location(node.inputs[0])
        to = try plan.location(node.output)
        channels = x[x.rank - 1]
        imageSize = x.dims.dropFirst().reduce(1, *)
        outputSize = y.dims.dropFirst().reduce(1, *)
        calls = PoolCall.all(pool, spatial: Array(x.dims[1..<(x.rank - 1)]), output: Array(y.dims[1..<(y.rank - 1)]), channels)
        // A cell is read as often as windows hold it, mostly from the first cache.
        let cells = Double(y.count * pool.window.reduce(1, *))
        cut = Parts(x[0] * calls.count, flops: 4 * cells, bytes: Double((x.count + y.count) * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

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

extension Pool {
    func gradient(_ call: Backward) throws -> Term {
        let op = Op.poolGradient(self, input: call.x.shape)
        return kind == .max ? try call.dy.emit(op, call.x, call.y) : try call.dy.emit(op)
    }

    func gradientStep<T: ComputeScalar>(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        guard window.count <= 3 else {
            throw KerasError(.unsupported, "pooling over more than three axes", found: "\(window.count) axes")
        }
        return try PoolGradientStep<T>(self, node, &plan)
    }
}

/// Each window hands what it gets to its cells: an average to all alike, a maximum to the first that is it.
struct PoolGradientStep<T: ComputeScalar>: Step {
    private let kind: Pool.Kind
    private let dy: Location
    /// The input and what the pooling gave: for a maximum.
    private let forward: (x: Location, y: Location)?
    private let out: Location
    private let channels: Int
    private let imageSize: Int
    private let outputSize: Int
    private let calls: [PoolCall]
    /// Images.
    private let cut: Parts

    init(_ pool: Pool, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (dy, x) = (plan.shape(node.inputs[0]), plan.shape(node.output))
        kind = pool.kind
        self.dy = try plan.location(node.inputs[0])
        forward = kind == .max ? (try plan.location(node.inputs[1]), try plan.location(node.inputs[2])) : nil
        out = try plan.location(node.output)
        channels = x[x.rank - 1]
        imageSize = x.dims.dropFirst().reduce(1, *)
        outputSize = dy.dims.dropFirst().reduce(1, *)
        calls = PoolCall.all(pool, spatial: Array(x.dims[1..<(x.rank - 1)]), output: Array(dy.dims[1..<(dy.rank - 1)]), channels)
        let cells = Double(dy.count * pool.window.reduce(1, *))
        cut = Parts(x[0], flops: 8 * cells, bytes: Double((2 * x.count + dy.count) * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        for image in cut[part] {
            let dx = frame.reals(out) + image * imageSize
            dx.update(repeating: 0, count: imageSize)
            let x = forward.map { UnsafePointer(frame.reals($0.x)) + image * imageSize }
            let y = forward.map { UnsafePointer(frame.reals($0.y)) + image * outputSize }
            for call in calls {
                let dy = UnsafePointer(frame.reals(dy)) + image * outputSize + call.to
                if let x, let y {
                    frame.kernels.maxPoolGradient(x + call.from, call.windows, channels: channels, y + call.to, dy, dx + call.from)
                    continue
                }
                for window in 0..<call.windows.count {
                    let from = call.from + window * call.windows.step
                    call.forEachCell { share(dy + window * channels, by: T(call.cells), dx + from + $0) }
                }
            }
        }
    }

    @inline(__always)
    private func share(_ dy: UnsafePointer<T>, by count: T, _ dx: UnsafeMutablePointer<T>) {
        for channel in 0..<channels { dx[channel] += dy[channel] / count }
    }
}
