/// An object: unique keys with their values, in the order they were written.
public struct JSONObject: Sendable {
    private struct Entry: Sendable {
        let key: String
        var value: JSON
    }

    /// Up to here a scan is faster than hashing, and nearly every Keras object is smaller.
    private static let largestScanned = 16

    private var entries: [Entry] = []
    /// The position of each key, kept only for large objects.
    private var positions: [String: Int] = [:]

    public init() {}

    /// Of a key that is given twice the last value counts, at the first one's place, as in a Python dictionary.
    public init(_ pairs: some Sequence<(String, JSON)>) {
        for (key, value) in pairs { self[key] = value }
    }

    private func position(of key: String) -> Int? {
        if entries.count > JSONObject.largestScanned { return positions[key] }
        return entries.firstIndex { $0.key == key }
    }

    private mutating func append(_ key: String, _ value: JSON) {
        entries.append(Entry(key: key, value: value))
        if entries.count == JSONObject.largestScanned + 1 {
            reindex()
        } else if entries.count > JSONObject.largestScanned {
            positions[key] = entries.count - 1
        }
    }

    private mutating func reindex() {
        positions = [:]
        guard entries.count > JSONObject.largestScanned else { return }
        positions.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() { positions[entry.key] = position }
    }

    /// The value of `key`. A new key goes to the end; setting nil removes the key (for a JSON null, set `.null`).
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { entries[$0].value } }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            if let position = position(of: key) { entries[position].value = newValue } else { append(key, newValue) }
        }
    }

    public subscript(key: String, default value: @autoclosure () -> JSON) -> JSON { self[key] ?? value() }

    /// Takes `key` out and returns its value. Linear in the size of the object.
    @discardableResult public mutating func removeValue(forKey key: String) -> JSON? {
        guard let position = position(of: key) else { return nil }
        let value = entries.remove(at: position).value
        reindex()
        return value
    }

    /// Gives the entry of `key` the name `newKey` at the same place; false if there is none, or `newKey` is taken.
    @discardableResult public mutating func rename(_ key: String, to newKey: String) -> Bool {
        guard key != newKey, let position = position(of: key), self.position(of: newKey) == nil else { return false }
        entries[position] = Entry(key: newKey, value: entries[position].value)
        if entries.count > JSONObject.largestScanned {
            positions[key] = nil
            positions[newKey] = position
        }
        return true
    }

    public func contains(_ key: String) -> Bool { position(of: key) != nil }
    public var keys: [String] { entries.map(\.key) }
    public var values: [JSON] { entries.map(\.value) }

    /// The object with every value transformed.
    public func mapValues(_ transform: (JSON) throws -> JSON) rethrows -> JSONObject {
        var copy = self
        for index in copy.entries.indices { copy.entries[index].value = try transform(copy.entries[index].value) }
        return copy
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { entries.count }
    public subscript(position: Int) -> (key: String, value: JSON) { (entries[position].key, entries[position].value) }
}

extension JSONObject: Hashable {
    /// Keys may stand in any order, as in Python.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.entries.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for entry in entries {
            var entryHasher = Hasher()
            entryHasher.combine(entry.key)
            entryHasher.combine(entry.value)
            sum ^= entryHasher.finalize()
        }
        hasher.combine(count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
