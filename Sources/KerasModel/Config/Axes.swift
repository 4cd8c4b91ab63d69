import JSON
import Tensors

/// One axis or several. Keras takes a number or a list, and either is written as it was given: `-1`, `[-1]`.
public struct Axes: Hashable, ConfigValue, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public var values: [Int]
    /// Whether it is written as a list.
    var isList: Bool

    public init(_ axis: Int) {
        values = [axis]
        isList = false
    }
    public init(_ axes: [Int]) {
        values = axes
        isList = true
    }
    public init(integerLiteral value: Int) { self.init(value) }
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    public init(config json: JSON, in context: DecodingContext) throws {
        if json.array == nil && json["items"] == nil {
            self.init(try Int(config: json, in: context))
        } else {
            self.init(try [Int](config: json, in: context))
        }
    }

    public func config(in context: EncodingContext) throws -> JSON {
        guard values.count == 1 || !context.isForOldReaderOfKeras3 else {
            throw KerasError(
                .unsupported, "Keras 3 takes no list of axes from such a file", found: "\(values)", expected: "one axis, or a .keras file")
        }
        return json
    }

    var json: JSON { isList ? .array(values.map { .integer($0) }) : .integer(values[0]) }

    /// A list of them counted from the front, as tf.keras has them once it knows how many there are.
    func settled(rank: Int) -> Axes { Axes(values.map { $0 < 0 ? $0 + rank : $0 }) }

    /// The axes counted from the front, in the order given.
    ///
    /// - Throws: a `mismatch` problem if there is no such axis, or one stands twice.
    func resolved(in shape: SymbolicShape) throws -> [Int] {
        let axes = try values.map(shape.axis)
        guard Set(axes).count == axes.count else { throw KerasError(.mismatch, "an axis stands twice", found: "\(values) of \(shape)") }
        return axes
    }
}
