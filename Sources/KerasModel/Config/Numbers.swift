import JSON
import Tensors

/// A number, or numbers nested as a tensor's would be. Written as they were read.
public struct Numbers: Hashable, ConfigValue {
    public let values: [Double]
    /// Empty for a single number.
    public let shape: Shape
    private let json: JSON

    public init(_ value: Double) {
        values = [value]
        shape = Shape([])
        json = .float(value)
    }

    public init(_ list: [Double]) {
        values = list
        shape = Shape([list.count])
        json = .array(list.map { .float($0) })
    }

    /// Arrays of numpy too: `{"type": "ndarray", "value": …}` in Keras 2, `{"class_name": "__numpy__", "config": {"value": …}}` in Keras 3.
    public init(config json: JSON, in context: DecodingContext) throws {
        let plain = (json["type"] == "ndarray" ? json["value"] : json["config"]?["value"]) ?? json
        var values: [Double] = []
        shape = Shape(try Numbers.flatten(plain, into: &values))
        self.values = values
        self.json = plain
    }

    public func config(in context: EncodingContext) -> JSON { json }

    /// Appends the numbers and returns their dimensions.
    private static func flatten(_ json: JSON, into values: inout [Double]) throws -> [Int] {
        guard let items = json.array else {
            guard let number = json.number else { throw KerasError.unexpected(json, expected: "a number or a list of numbers") }
            values.append(number)
            return []
        }
        let dims = try items.map { try flatten($0, into: &values) }
        guard let first = dims.first else { return [0] }
        guard dims.allSatisfy({ $0 == first }) else { throw KerasError.unexpected(json, expected: "lists of one length") }
        return [items.count] + first
    }
}
