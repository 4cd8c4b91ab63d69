internal import Tensors

// What a reader of configurations asks: the value of this kind, or an error that says where, what was found and what was expected.
extension JSON {
    private func wrong(_ expected: String, _ key: String) -> KerasError {
        KerasError(.malformed, "a value has the wrong type", at: Place(key: key), found: summary, expected: expected)
    }

    /// - Throws: a `malformed` problem placed at `key` if this is no string.
    package func asString(at key: String) throws -> String {
        guard let string else { throw wrong("a string", key) }
        return string
    }

    /// - Throws: a `malformed` problem placed at `key` if this is no integer.
    package func asInteger(at key: String) throws -> Int {
        guard let integer else { throw wrong("an integer", key) }
        return integer
    }

    /// - Throws: a `malformed` problem placed at `key` if this is no number.
    package func asNumber(at key: String) throws -> Double {
        guard let number else { throw wrong("a number", key) }
        return number
    }

    /// - Throws: a `malformed` problem placed at `key` if this is neither true nor false.
    package func asBool(at key: String) throws -> Bool {
        guard let bool else { throw wrong("true or false", key) }
        return bool
    }

    /// - Throws: a `malformed` problem placed at `key` if this is no list.
    package func asArray(at key: String) throws -> [JSON] {
        guard let array else { throw wrong("a list", key) }
        return array
    }

    /// - Throws: a `malformed` problem placed at `key` if this is no object.
    package func asObject(at key: String) throws -> JSONObject {
        guard let object else { throw wrong("an object", key) }
        return object
    }
}

extension JSONObject {
    /// The value of `key`.
    ///
    /// - Throws: a `malformed` problem placed at `key` if it is missing.
    package func required(_ key: String) throws -> JSON {
        guard let value = self[key] else { throw KerasError(.malformed, "a key is missing", at: Place(key: key)) }
        return value
    }
}
