import KerasModel
import Tensors

/// Two operands broadcast to one shape: the axes that run on alike are joined, the innermost is one kernel call.
struct BinaryStep<T: ComputeScalar>: Step {
    private let kind: Binary
    private let a: Location
    private let b: Location
    private let out: Location
    private var axes: [Axis] = []
    /// The outermost axis.
    private let cut: Parts

    private struct Axis {
        var length: Int
        var a: Int
        var b: Int
        var out: Int
    }

    static func make(_ kind: Binary, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> BinaryStep {
        BinaryStep(
            kind, a: try plan.location(node.inputs[0]), plan.shape(node.inputs[0]), b: try plan.location(node.inputs[1]),
            plan.shape(node.inputs[1]), out: try plan.location(node.output), plan.shape(node.output))
    }

    private init(_ kind: Binary, a: Location, _ aShape: Shape, b: Location, _ bShape: Shape, out: Location, _ shape: Shape) {
        (self.kind, self.a, self.b, self.out) = (kind, a, b, out)
        var axes: [Axis] = []
        let (aStrides, bStrides, strides) = (aShape.strides(broadcastTo: shape), bShape.strides(broadcastTo: shape), shape.strides)
        for axis in shape.dims.indices where shape[axis] != 1 {
            let length = shape[axis]
            let next = Axis(length: length, a: aStrides[axis], b: bStrides[axis], out: strides[axis])
            if let last = axes.last, last.a == next.a * length, last.b == next.b * length {
                axes[axes.count - 1] = Axis(length: last.length * length, a: next.a, b: next.b, out: next.out)
            } else {
                axes.append(next)
            }
        }
        if axes.isEmpty { axes = [Axis(length: 1, a: 1, b: 1, out: 1)] }
        self.axes = axes
        cut = Parts(axes[0].length, flops: 0, bytes: Double((aShape.count + bShape.count + shape.count) * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        run(frame.kernels, axis: 0, cut[part], frame.reals(a), frame.reals(b), frame.reals(out))
    }

    private func run(
        _ kernels: T.Kernels, axis: Int, _ range: Range<Int>, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ out: UnsafeMutablePointer<T>
    ) {
        let current = axes[axis]
        if axis == axes.count - 1 {
            let first = range.lowerBound
            kernels.binary(
                kind, a + first * current.a, step: current.a, b + first * current.b, step: current.b, out + first * current.out, range.count
            )
        } else {
            for index in range {
                run(
                    kernels, axis: axis + 1, 0..<axes[axis + 1].length, a + index * current.a, b + index * current.b,
                    out + index * current.out)
            }
        }
    }
}

extension Binary {
    /// What either operand gets, summed over the copies that broadcasting made of it.
    func gradients(_ call: Backward) throws -> [Term?] {
        let (a, b, dy) = (call.operands[0], call.operands[1], call.dy)
        func first(_ term: () throws -> Term) throws -> Term? { call.wanted[0] ? try term().summed(to: a.shape) : nil }
        func second(_ term: () throws -> Term) throws -> Term? { call.wanted[1] ? try term().summed(to: b.shape) : nil }
        switch self {
        case .add: return [try first { dy }, try second { dy }]
        case .subtract: return [try first { dy }, try second { try -dy }]
        case .multiply: return [try first { try dy * b }, try second { try dy * a }]
        case .divide: return [try first { try dy / b }, try second { try -(dy * call.y / b) }]
        // Where both are equal the first one has it, as in TensorFlow.
        case .maximum: return [try first { try dy * a.compared(.greaterOrEqual, b) }, try second { try dy * a.compared(.less, b) }]
        case .minimum: return [try first { try dy * a.compared(.lessOrEqual, b) }, try second { try dy * a.compared(.greater, b) }]
        case .power:
            // Only a positive base has a logarithm; elsewhere the exponent gets nothing.
            let logarithm = { try a.compared(.greater, 0) * (a + a.compared(.lessOrEqual, 0) * (1 - a))(.log) }
            return [
                try first { try dy * b * a.emit(.binary(.power), b - 1) },
                try second { try dy * call.y * logarithm() },
            ]
        case .squaredDifference:
            let slope = try 2 * (dy * (a - b))
            return [try first { slope }, try second { try -slope }]
        case .prelu:
            let below = try a.compared(.less, 0)
            // Not 1 + below · (b − 1), which loses a small b.
            return [try first { try dy * (1 - below) + dy * below * b }, try second { try dy * a * below }]
        case .gate: return [try first { try dy.gated(by: b) }, nil]
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return [nil, nil]
        }
    }
}
