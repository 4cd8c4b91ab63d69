import JSON
import Tensors

/// One key of a layer's configuration: its name in each dialect, where its value stands in the layer, and how it is read and written.
///
/// A layer lists its keys in the order Keras writes them; its stored properties hold the defaults.
public struct ConfigKey<L: Sendable>: Sendable {
    /// Keras 3's name.
    public let name: String
    /// Where a dialect has another one.
    let names: [Dialect: String]
    /// Where it is written. It is read everywhere.
    let dialects: Set<Dialect>
    let isRequired: Bool
    let decode: @Sendable (JSON, DecodingContext, inout L) throws -> Void
    let encode: @Sendable (L, EncodingContext) throws -> JSON
    /// Sets what a file of this dialect means by leaving the key out, where that is not the property's default.
    let absent: @Sendable (Dialect, inout L) -> Void

    /// Whether this layer's configuration holds the key at all, in the dialects that have it.
    var isWritten: @Sendable (L, EncodingContext) -> Bool = { _, _ in true }

    /// True if Keras 3 takes it though it does not write it.
    var isTakenByKeras3 = false

    /// Whether a dialect without this key would mean another layer by what is left.
    var isNeeded: @Sendable (L) -> Bool = { _ in false }

    func name(in dialect: Dialect) -> String { names[dialect] ?? name }
    var allNames: [String] { [name] + names.values.sorted() }

    /// - Parameters:
    ///   - names: the key's name in the dialects where it is not `name`.
    ///   - dialects: where it is written.
    ///   - defaults: what leaving it out means in the dialects where that is not the property's default.
    public static func key<V: ConfigValue>(
        _ name: String, _ path: WritableKeyPath<L, V> & Sendable, names: [Dialect: String] = [:], in dialects: Set<Dialect> = Dialect.all,
        defaults: [Dialect: V] = [:], isRequired: Bool = false
    ) -> ConfigKey {
        ConfigKey(
            name: name, names: names, dialects: dialects, isRequired: isRequired,
            decode: { json, context, layer in layer[keyPath: path] = try V(config: json, in: context) },
            encode: { layer, context in try layer[keyPath: path].config(in: context) },
            absent: { dialect, layer in if let value = defaults[dialect] { layer[keyPath: path] = value } })
    }

    /// A key that every file has.
    public static func required<V: ConfigValue>(_ name: String, _ path: WritableKeyPath<L, V> & Sendable, names: [Dialect: String] = [:])
        -> ConfigKey
    {
        key(name, path, names: names, isRequired: true)
    }

    /// One positive number per spatial axis; a single number stands for all of them.
    public static func extents(_ name: String, _ path: WritableKeyPath<L, [Int]> & Sendable, rank: Int, isRequired: Bool = false)
        -> ConfigKey
    {
        ConfigKey(
            name: name, names: [:], dialects: Dialect.all, isRequired: isRequired,
            decode: { json, context, layer in
                let values =
                    json.array == nil && json["items"] == nil
                    ? Array(repeating: try Int(config: json, in: context), count: rank) : try [Int](config: json, in: context)
                guard values.count == rank, values.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else {
                    throw KerasError.unexpected(json, expected: "\(rank) positive integer\(rank == 1 ? "" : "s")")
                }
                layer[keyPath: path] = values
            },
            encode: { layer, context in layer[keyPath: path].config(in: context) },
            absent: { _, _ in })
    }

    /// A key that always has this value where it is written, and means nothing: it is accepted and dropped.
    public static func fixed(_ name: String, _ value: JSON, in dialects: Set<Dialect>) -> ConfigKey {
        ConfigKey(
            name: name, names: [:], dialects: dialects, isRequired: false, decode: { _, _, _ in }, encode: { _, _ in value },
            absent: { _, _ in })
    }

    /// The same with a value of which each dialect has its words.
    static func fixed(_ name: String, _ value: some ConfigValue, in dialects: Set<Dialect>) -> ConfigKey {
        ConfigKey(
            name: name, names: [:], dialects: dialects, isRequired: false, decode: { _, _, _ in },
            encode: { _, context in try value.config(in: context) },
            absent: { _, _ in })
    }

    /// The same key of Kerases before 3, which Keras 3 takes too.
    func takenByKeras3() -> ConfigKey {
        var key = self
        key.isTakenByKeras3 = true
        return key
    }

    /// The same key of a number that tf.keras keeps, and writes, in single precision.
    func single() -> ConfigKey {
        ConfigKey(
            name: name, names: names, dialects: dialects, isRequired: isRequired, decode: decode,
            encode: { layer, context in try encode(layer, context).rounded(for: context) }, absent: absent, isWritten: isWritten,
            isTakenByKeras3: isTakenByKeras3, isNeeded: isNeeded)
    }

    /// The same key, written only where `condition` holds.
    func written(where condition: @escaping @Sendable (L, EncodingContext) -> Bool) -> ConfigKey {
        var key = self
        key.isWritten = condition
        return key
    }

    /// The same key, without which a layer where `condition` holds cannot be said: dialects that lack the key are refused it.
    func needed(where condition: @escaping @Sendable (L) -> Bool) -> ConfigKey {
        var key = self
        key.isNeeded = condition
        return key
    }

    /// The same key of a part of another layer.
    func at<Outer>(_ path: WritableKeyPath<Outer, L> & Sendable) -> ConfigKey<Outer> {
        ConfigKey<Outer>(
            name: name, names: names, dialects: dialects, isRequired: isRequired,
            decode: { json, context, outer in try decode(json, context, &outer[keyPath: path]) },
            encode: { outer, context in try encode(outer[keyPath: path], context) },
            absent: { dialect, outer in absent(dialect, &outer[keyPath: path]) },
            isWritten: { outer, context in isWritten(outer[keyPath: path], context) }, isTakenByKeras3: isTakenByKeras3,
            isNeeded: { outer in isNeeded(outer[keyPath: path]) }
        )
    }
}

extension JSON {
    /// A number as tf.keras writes what it keeps in single precision.
    func rounded(for context: EncodingContext) -> JSON {
        guard context.dialect == .tfKeras, !context.isUniversal, case .float(let number) = self else { return self }
        return .float(Double(Float(number)))
    }
}

extension Array where Element == Int {
    func config(in context: EncodingContext) -> JSON { .array(map { .integer($0) }) }
}
