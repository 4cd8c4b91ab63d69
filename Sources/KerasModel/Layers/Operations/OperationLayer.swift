import JSON
import Tensors

/// A function that a model calls as it calls layers: `x + y`, `x[:, 1:]`, `ops.mean(x)`. What it means stands in ``Operation``'s lists.
///
/// Its shapes are found by lowering it: there is no second rule for them.
public protocol OperationLayer: Layer {
    /// What a call's arguments are with those that the configuration holds.
    func completed(_ form: CallForm) throws -> CallForm
    /// The function's name, and where it is looked for.
    var function: Function { get }
}

/// A function by its name in one of three vocabularies.
public struct Function: Sendable {
    let name: String
    let vocabulary: Operation.Vocabulary
}

extension OperationLayer {
    public static var inputCount: ClosedRange<Int> { 0...Int.max }
    public static var castsInputs: Bool { false }
    public static var maskUse: MaskUse { .drops }
    public func completed(_ form: CallForm) throws -> CallForm { form }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        try builder.shapes(of: self, inputs)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard let (signature, meaning) = Operation.named(function.name, in: function.vocabulary) else {
            throw KerasError(.unsupported, "this operation is not supported", found: "'\(function.name)'")
        }
        let form = try completed(call.arguments.form ?? CallForm(inputs.indices.map { .tensor($0) }))
        return try meaning(try OperationCall(call, inputs, signature, function.vocabulary, form))
    }
}
