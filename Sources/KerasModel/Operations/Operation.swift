import Tensors

/// A function that a model calls where others call layers: what it is called in each dialect, and what it means in primitives.
struct Operation: Sendable {
    typealias Meaning = @Sendable (OperationCall) throws -> [Value]

    /// Whose names they are.
    enum Vocabulary: Hashable, Sendable {
        /// Keras 3's operation classes.
        case keras3
        /// Functions of TensorFlow's Python.
        case tensorflow
        /// Operations of TensorFlow's graphs.
        case graph
    }

    let names: [(vocabulary: Vocabulary, signature: Signature)]
    let meaning: Meaning

    /// Each signature says the parameters in the order in which they may be given by position; see ``Signature``.
    init(keras3: [String] = [], tensorflow: [String] = [], graph: [String] = [], _ meaning: @escaping Meaning) {
        names = [(Vocabulary.keras3, keras3), (.tensorflow, tensorflow), (.graph, graph)]
            .flatMap { vocabulary, signatures in signatures.map { (vocabulary, Signature($0)) } }
        self.meaning = meaning
    }

    /// For functions that give one tensor.
    init(
        keras3: [String] = [], tensorflow: [String] = [], graph: [String] = [],
        one meaning: @escaping @Sendable (OperationCall) throws -> Value
    ) {
        self.init(keras3: keras3, tensorflow: tensorflow, graph: graph) { [try meaning($0)] }
    }

    /// The meaning of a name.
    static func named(_ name: String, in vocabulary: Vocabulary) -> (signature: Signature, meaning: Meaning)? {
        index[vocabulary]?[name]
    }

    static func names(in vocabulary: Vocabulary) -> [String] { (index[vocabulary] ?? [:]).keys.sorted() }

    private static let index: [Vocabulary: [String: (signature: Signature, meaning: Meaning)]] = {
        var index: [Vocabulary: [String: (signature: Signature, meaning: Meaning)]] = [:]
        for operation in knownOperations {
            for (vocabulary, signature) in operation.names {
                index[vocabulary, default: [:]][signature.name] = (signature, operation.meaning)
            }
        }
        return index
    }()
}

/// A function's name and parameters, `reduce_mean(x:input_tensor, axis, keepdims)`: each by the name its meaning has for it and, behind a colon,
/// that which files have. A star takes all that is given by position but for those after it.
struct Signature: Sendable {
    let name: String
    let parameters: [(name: String, written: String)]
    /// The place of the one with a star.
    let star: Int?

    init(_ text: String) {
        let parts = text.dropLast(text.hasSuffix(")") ? 1 : 0).split(separator: "(", maxSplits: 1)
        name = String(parts[0])
        var star: Int?
        parameters = (parts.count > 1 ? parts[1].split(separator: ",") : []).enumerated().map { place, parameter in
            var words = parameter.split(separator: ":").map { $0.filter { $0 != " " } }
            if words[0].hasPrefix("*") {
                words[0].removeFirst()
                star = place
            }
            return (words[0], words.last!)
        }
        self.star = star
    }

    /// The arguments of a call by the names the meaning has for them.
    ///
    /// - Throws: `unsupported` for an argument that the function is not known to take.
    func arguments(of form: CallForm) throws -> [String: CallArgument] {
        var arguments: [String: CallArgument] = [:]
        var positional = form.positional
        if let star {
            let after = parameters.count - star - 1
            guard positional.count > after else { throw tooMany(positional.count) }
            // Of those after the star, only what is not given by name stands among the others.
            let named = Set(form.keywords.map(\.name))
            let behind = parameters.dropFirst(star + 1).filter { !named.contains($0.written) }.count
            let taken = positional[star..<positional.count - behind]
            positional.replaceSubrange(star..<positional.count - behind, with: [.list(Array(taken))])
        }
        guard positional.count <= parameters.count else { throw tooMany(positional.count) }
        for (parameter, argument) in zip(parameters, positional) { arguments[parameter.name] = argument }
        for (written, argument) in form.keywords where !argument.isNull && written != "name" {
            guard let parameter = parameters.first(where: { $0.written == written }) ?? parameters.first(where: { $0.name == written })
            else {
                throw KerasError(.unsupported, "this argument of an operation is not known", at: Place(key: written), found: name)
            }
            arguments[parameter.name] = argument
        }
        return arguments
    }

    private func tooMany(_ count: Int) -> KerasError {
        KerasError(
            .mismatch, "an operation takes another number of arguments", found: "\(count)", expected: "\(parameters.count) of \(name)")
    }
}
