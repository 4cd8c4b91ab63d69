import JSON
import Tensors

/// Which tensor of a call stands for what: the numbers of the tensors that a layer is built and lowered with, in the structure they came in.
///
/// A tensor given as `mask` is not among them: it is the mask of what the first argument brings.
public struct CallArguments: Sendable {
    /// By position.
    public let positional: [Tree<Int>]
    /// By keyword.
    public let keywords: [String: Tree<Int>]
    /// How an operation is called, where tensors stand among other values.
    let form: CallForm?

    /// One argument: a tensor, or a list of them.
    init(count: Int) {
        positional = [count == 1 ? .leaf(0) : .list((0..<count).map(Tree.leaf))]
        keywords = [:]
        form = nil
    }

    init(_ call: Call) {
        var next = 0
        func numbered(_ tree: Tree<TensorRef>) -> Tree<Int> {
            tree.map { _ in
                defer { next += 1 }
                return next
            }
        }
        form = call.form
        positional = call.arguments.map(numbered)
        keywords = Dictionary(uniqueKeysWithValues: call.operandKeywords.map { ($0.key, numbered($0.value)) })
    }

    /// What an argument brings, given by keyword or by position; nil if it is not given.
    public func tensors(_ keyword: String, at position: Int?) -> Tree<Int>? {
        if let tree = keywords[keyword] { return tree }
        guard let position, positional.indices.contains(position) else { return nil }
        return positional[position]
    }

    /// The number of an argument that is one tensor; nil if it is not given.
    public func tensor(_ keyword: String, at position: Int?) -> Int? { tensors(keyword, at: position)?.leaves.first }

    /// How many arguments bring tensors.
    var count: Int { positional.count { !$0.leaves.isEmpty } + keywords.values.count { !$0.leaves.isEmpty } }
}

extension Call {
    fileprivate var operandKeywords: [(key: String, value: Tree<TensorRef>)] {
        keywordTensors.filter { $0.key != "mask" }.sorted { $0.key < $1.key }
    }

    /// The tensors that the layer is built and lowered with: all but those given as `mask`.
    package var operands: [TensorRef] { arguments.flatMap(\.leaves) + operandKeywords.flatMap(\.value.leaves) }

    /// What is given as `mask`, one for each tensor of the first argument; nil if nothing is.
    var givenMasks: [TensorRef?]? {
        func flat(_ tree: Tree<TensorRef>) -> [TensorRef?] {
            switch tree {
            case .leaf(let tensor): [tensor]
            case .none: [nil]
            case .list(let items): items.flatMap(flat)
            case .dictionary(let items): items.flatMap { flat($0.value) }
            }
        }
        return keywordTensors.first { $0.key == "mask" }.map { flat($0.value) }
    }

    /// The same call with one argument by position, as Kerases before 3 write it.
    ///
    /// - Throws: `unsupported` for arguments without names.
    package func withKeywords(of layer: any Layer) throws -> Call {
        guard form == nil, arguments.count > 1 else { return self }
        let names = type(of: layer).argumentNames
        guard names.count >= arguments.count else {
            throw KerasError(
                .unsupported, "before Keras 3 a call of this layer takes one argument", at: Place(layer: layer.name),
                found: "\(arguments.count) arguments")
        }
        var call = self
        call.arguments = [arguments[0]]
        call.keywordTensors = zip(names, arguments).dropFirst().filter { !$1.leaves.isEmpty }.map { (key: $0, value: $1) } + keywordTensors
        return call
    }

    /// The keywords, with what stands for each tensor among them.
    package func words(_ tensor: (TensorRef) -> JSON) -> JSONObject {
        if let form { return form.json }
        var words = keywords
        for (key, value) in keywordTensors { words[key] = value.map(tensor).json }
        return words
    }
}

extension Tree<JSON> {
    /// Lists and objects.
    package var json: JSON {
        switch self {
        case .leaf(let json): json
        case .none: .null
        case .list(let items): .array(items.map(\.json))
        case .dictionary(let items): .object(JSONObject(items.map { ($0.key, $0.value.json) }))
        }
    }
}
