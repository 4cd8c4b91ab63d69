import JSON
import Tensors

/// UpSampling1D, UpSampling2D, UpSampling3D: each spatial axis `size` times as long.
public protocol UpSamplingLayer: Layer {
    /// A factor per spatial axis.
    var factors: [Int] { get }
    var dataFormat: DataFormat { get }
}

extension UpSamplingLayer {
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var shape = try onlyInput(inputs)
        try shape.check(rank: factors.count + 2)
        try checkExtents(factors, rank: factors.count, key: "size")
        for (axis, factor) in zip(dataFormat.axes(rank: factors.count).spatial, factors) {
            shape[axis] = try shape[axis].map { try Shape(checking: [$0, factor]).count }
        }
        return [shape]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] { [try repeated(inputs[0], call)] }

    /// Every cell so many times in a row, along each spatial axis.
    func repeated(_ x: Value, _ call: LayerCall) throws -> Value {
        try zip(dataFormat.axes(rank: factors.count).spatial, factors).reduce(x) { x, step in
            step.1 == 1 ? x : try call.emit(.repeatElements(axis: step.0, count: step.1), x)
        }
    }
}
