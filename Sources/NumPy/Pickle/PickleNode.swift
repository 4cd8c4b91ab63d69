internal import Storage
internal import Tensors

/// What an instruction of a pickle made. Values name one another by their place in the machine's list, as Python's objects refer to one
/// another, so that sharing and cycles cost nothing until ``PickleResult`` looks at them.
enum PickleNode {
    typealias Reference = Int32

    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    /// Bytes that stand in the pickle itself; Python 2's `str` too.
    case bytes(Range<Int>)
    /// Bytes that had to be decoded.
    case decoded(Buffer)
    case list([Reference])
    case tuple([Reference])
    case set([Reference])
    /// Keys and values in turn.
    case dict([Reference])
    case global(PickleGlobal)
    indirect case dtype(PickleDType)
    /// What `_reconstruct` makes, before its state is known.
    case emptyArray
    indirect case array(PickleArray)

    /// What it is in Python, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .int: "an integer"
        case .float: "a float"
        case .string: "text"
        case .bytes, .decoded: "bytes"
        case .list: "a list"
        case .tuple: "a tuple"
        case .set: "a set"
        case .dict: "a dictionary"
        case .global: "a function"
        case .dtype: "a dtype"
        case .emptyArray, .array: "an array"
        }
    }
}

/// An array as a pickle describes it.
struct PickleArray {
    let shape: Shape
    let dtype: PickleDType
    let isFortran: Bool
    /// For an array whose axes stand in neither order in memory: which axis of `shape` becomes which.
    var axes: [Int]?
    /// Its bytes, or the list of its objects.
    let data: PickleNode.Reference
}
