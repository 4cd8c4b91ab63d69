import JSON
import Tensors

/// A vector as a sequence of `n` copies of it: `(batch, c)` → `(batch, n, c)`.
public struct RepeatVector: Layer {
    public static let className = "RepeatVector"
    public static let blank = RepeatVector(0)
    public static let keys: [ConfigKey<RepeatVector>] = [.required("n", \.n)]

    public var base = LayerBase()
    public var n: Int

    public init(_ n: Int, name: String? = nil) {
        self.n = n
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 2)
        try checkExtents([n], rank: 1, key: "n")
        return [[input[0], n, input[1]]]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let (batch, length) = (inputs[0].shape[0], inputs[0].shape[1])
        let target = try Shape(checking: [batch, n, length])
        return [try call.emit(.broadcast(target), try call.reshape(inputs[0], [batch, 1, length]))]
    }
}
