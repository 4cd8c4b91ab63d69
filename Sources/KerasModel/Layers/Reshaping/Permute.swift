import JSON
import Tensors

/// The axes in another order, the batch aside: `dims` `[2, 1]` swaps two. Axes count from 1, the batch being 0.
public struct Permute: Layer {
    public static let className = "Permute"
    public static let blank = Permute(dims: [])
    public static let keys: [ConfigKey<Permute>] = [.required("dims", \.dims)]

    public var base = LayerBase()
    public var dims: [Int]

    /// `Permute(2, 1)`.
    public init(_ dims: Int..., name: String? = nil) { self.init(dims: dims, name: name) }

    public init(dims: [Int], name: String? = nil) {
        self.dims = dims
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs, ofRankAtLeast: 1)
        guard dims.sorted() == Array(1..<input.rank) else {
            throw KerasError(
                .mismatch, "dims must name each axis but the batch once", at: Place(key: "dims"), found: "\(Shape.text(dims)) for \(input)",
                expected: "an order of 1 to \(input.rank - 1)")
        }
        return [SymbolicShape([input[0]] + dims.map { input[$0] })]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .permutes([0] + dims) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] { [try call.transpose(inputs[0], [0] + dims)] }
}
