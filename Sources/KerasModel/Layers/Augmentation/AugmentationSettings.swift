import JSON
import Tensors

/// What such a layer is told, in the words of the file it came in or, made in Swift, by Keras's defaults.
struct AugmentationSettings {
    private let words: JSONObject
    private let call: LayerCall

    init(_ words: JSONObject, _ call: LayerCall) { (self.words, self.call) = (words, call) }

    var dataFormat: DataFormat { words["data_format"]?.string == DataFormat.channelsFirst.rawValue ? .channelsFirst : .channelsLast }
    var seed: Int? { words["seed"]?.integer }

    func word(_ key: String, default value: String) -> String { words[key]?.string ?? value }
    func number(_ key: String, default value: Double) -> Double { words[key]?.number ?? value }

    /// Two numbers as they stand, the lower first as a rule; one stands for its like below 0 and itself.
    ///
    /// - Returns: nil if nothing is said.
    /// - Throws: `malformed` for anything else.
    func ends(_ key: String, one: (Double) -> (Double, Double) = { (-$0, $0) }) throws -> (first: Double, second: Double)? {
        guard let said = words[key], !said.isNull else { return nil }
        if let number = said.number, number.isFinite { return one(abs(number)) }
        guard let ends = (said.array ?? said["items"]?.array)?.map(\.number), ends.count == 2, let a = ends[0], let b = ends[1],
            a.isFinite, b.isFinite
        else {
            throw KerasError(
                .malformed, "a configuration value is not what it must be", at: Place(key: key), found: said.summary,
                expected: "a number, or two")
        }
        return (a, b)
    }

    /// The same in their order.
    func range(_ key: String) throws -> ClosedRange<Double>? {
        try ends(key).map { min($0.first, $0.second)...max($0.first, $0.second) }
    }

    /// A range that must be said.
    func neededRange(_ key: String) throws -> ClosedRange<Double> {
        guard let range = try range(key) else {
            throw KerasError(.malformed, "a configuration lacks a key", at: Place(key: key), expected: "a number, or two")
        }
        return range
    }

    /// `shape`: numbers even over the range, each of its own.
    func drawn(_ range: ClosedRange<Double>, _ shape: Shape) throws -> Value {
        let draw = try call.random(.uniform, shape, seed: seed, as: .float32)
        return try call.emit(.unary(.affine(scale: range.upperBound - range.lowerBound, offset: range.lowerBound)), draw)
    }
}
