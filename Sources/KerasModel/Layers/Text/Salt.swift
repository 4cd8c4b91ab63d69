import JSON
import Tensors

/// How text is put into buckets: FarmHash, or SipHash under a key of two numbers. Keras: `salt`.
struct Salt: ConfigValue, Hashable {
    private var json: JSON = nil
    private var key: (UInt64, UInt64)?

    init() {}

    init(config json: JSON, in context: DecodingContext) throws {
        self.json = json
        if json.isNull { return }
        let numbers = (json.array ?? json["items"]?.array ?? [json, json]).compactMap(\.integer)
        guard numbers.count == 2 else { throw KerasError.unexpected(json, expected: "an integer, or two") }
        key = (UInt64(bitPattern: Int64(numbers[0])), UInt64(bitPattern: Int64(numbers[1])))
    }

    func config(in context: EncodingContext) -> JSON { json }

    /// - Parameter count: of buckets, at least 1.
    func bucket(of text: [UInt8], count: Int) -> Int {
        let hash = key.map { SipHash.hash(text, key: $0) } ?? FarmHash.fingerprint(text)
        return Int(hash % UInt64(count))
    }

    static func == (a: Salt, b: Salt) -> Bool { a.json == b.json }
    func hash(into hasher: inout Hasher) { json.hash(into: &hasher) }
}

extension Tensor {
    /// Text as it is; whole numbers as decimal digits, for which others are cut off first. TensorFlow: `as_string`.
    func asTexts() throws -> [[UInt8]] {
        guard !dtype.isText else { return try utf8() }
        return try scalars(as: Int.self).map { Array(String($0).utf8) }
    }
}
