import JSON
import Tensors

/// The same numbers under another shape: `(n, …)` → `(n, target…)`. One length may be left open (−1) and follows from the others.
public struct Reshape: Layer {
    public static let className = "Reshape"
    public static let writesInputShape = false
    public static let blank = Reshape(targetShape: [])
    public static let keys: [ConfigKey<Reshape>] = [.required("target_shape", \.targetShape)]

    public var base = LayerBase()
    /// Without the batch; nil or −1 is open.
    public var targetShape: [Int?]

    /// `Reshape(28, 28, 1)`, `Reshape(-1, 8)`.
    public init(_ target: Int..., name: String? = nil) { self.init(targetShape: target, name: name) }

    public init(targetShape: [Int?], name: String? = nil) {
        self.targetShape = targetShape
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs, ofRankAtLeast: 1)
        let lengths = input.dims.dropFirst().compactMap { $0 }
        guard lengths.count < input.rank - 1 else {
            return [SymbolicShape([input[0]] + (try resolved(try Shape(checking: lengths))))]
        }
        _ = try fixedCount()
        return [SymbolicShape([input[0]] + targetShape.map { $0 == -1 ? nil : $0 })]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = inputs[0]
        return [try call.reshape(x, [x.shape[0]] + (try resolved(Shape(x.shape.dims.dropFirst()))))]
    }

    /// The product of the lengths that are given.
    private func fixedCount() throws -> Int {
        let given = targetShape.compactMap { $0 == -1 ? nil : $0 }
        guard given.allSatisfy({ $0 >= 0 }), given.count >= targetShape.count - 1 else {
            throw KerasError(
                .malformed, "a shape leaves more open than one length", at: Place(key: "target_shape"),
                found: SymbolicShape(targetShape).description, expected: "lengths, and −1 once at most")
        }
        return try Shape(checking: given).count
    }

    private func resolved(_ features: Shape) throws -> [Int] {
        let fixed = try fixedCount()
        let open = targetShape.contains { $0 == nil || $0 == -1 }
        guard open ? fixed > 0 && features.count % fixed == 0 : fixed == features.count else {
            throw KerasError(
                .mismatch, "a reshaped tensor must keep its number of elements", found: "\(features)",
                expected: SymbolicShape(targetShape).description)
        }
        return targetShape.map { length in
            guard let length, length != -1 else { return features.count / fixed }
            return length
        }
    }
}
