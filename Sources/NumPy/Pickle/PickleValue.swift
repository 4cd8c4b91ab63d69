internal import Storage
public import Tensors

/// What a Python pickle holds: plain data and numpy's arrays.
///
/// Numbers of numpy's own types come as numbers, where a Swift type holds them exactly. Python 2 made no difference between text and bytes: its
/// `str` is ``bytes(_:)``, of which ``text`` makes a `String`.
public enum PickleValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes(Buffer)
    case list([PickleValue])
    case tuple([PickleValue])
    case set([PickleValue])
    /// Each key once, in Python's order; keys are numbers, text or bytes.
    case dict([(key: PickleValue, value: PickleValue)])
    case tensor(Tensor)
    /// A numpy array of objects.
    case objects(ObjectArray)

    /// Text, or bytes that are UTF-8 (such as ASCII); nil for anything else.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .bytes(let buffer): buffer.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        default: nil
        }
    }

    /// A dictionary's value under this name, be it text or Python 2's bytes; nil if there is none.
    public subscript(key: String) -> PickleValue? {
        guard case .dict(let entries) = self else { return nil }
        return entries.first { $0.key.text == key }?.value
    }

    /// What Python calls it, for messages.
    package var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .int: "an integer"
        case .float: "a float"
        case .string: "text"
        case .bytes: "bytes"
        case .list(let items): "a list of \(items.count)"
        case .tuple(let items): "a tuple of \(items.count)"
        case .set(let items): "a set of \(items.count)"
        case .dict(let entries): "a dictionary of \(entries.count)"
        case .tensor(let tensor): "an array \(tensor.shape)"
        case .objects(let array): "an array \(array.shape) of objects"
        }
    }
}
