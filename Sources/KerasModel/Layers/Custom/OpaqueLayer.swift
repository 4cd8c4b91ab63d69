import JSON
import Tensors

/// A layer whose code is not in its file, or is Python's: a Lambda, or a class of somebody's own. Its configuration is kept word for word, never
/// looked into and never run; it does what somebody registered for it (``CustomLayers``), or is refused by name when the model is run.
public struct OpaqueLayer: Layer {
    /// The one class of Keras whose meaning is Python code.
    public static let className = "Lambda"
    public static let blank = OpaqueLayer(written: WrittenClass(className))
    public static let inputCount = 0...Int.max
    public static let keys: [ConfigKey<OpaqueLayer>] = []
    public static let commonKeys: [ConfigKey<OpaqueLayer>] = [.key("name", \.base.name)]

    public var base = LayerBase()
    public var written: WrittenClass
    public private(set) var adopted = JSONObject()
    /// What somebody registered for it.
    package var function: CustomFunction?
    /// The weights that the file has for it.
    package var stored: [WeightSpec] = []
    /// What the file says of its output.
    package var knownShapes: [SymbolicShape]?

    package init(written: WrittenClass) { self.written = written }

    /// Without the package that Python registered it for.
    public var typeName: String { written.name.split(separator: ">").last.map(String.init) ?? written.name }
    private var isCode: Bool { written.name == Self.className }

    public mutating func adopt(_ rest: JSONObject) -> JSONObject {
        adopted = rest
        base.trainable = rest["trainable"]?.bool ?? true
        base.batchShape = rest["batch_input_shape"].flatMap(OpaqueLayer.lengths).map { SymbolicShape($0) }
        return [:]
    }

    /// Lengths as a file lists them; nil if these are none.
    private static func lengths(_ list: JSON) -> [Int?]? {
        guard let dims = list.array else { return nil }
        let known = dims.map(\.integer)
        return zip(dims, known).allSatisfy { $0.isNull || ($1 ?? -1) >= 0 && $1! < 1 << 31 } ? known : nil
    }

    public func weights(_ inputs: [SymbolicShape]) -> [WeightSpec] { stored }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        builder.register(stored, of: self)
        if function != nil { return try builder.shapes(of: self, inputs) }
        if let knownShapes { return knownShapes }
        if let shape = declaredShape(inputs) { return [shape] }
        builder.guess(id)
        // What comes after is built as if the shape stayed; that it is a guess is told, and nothing is run on it.
        return Array(inputs.prefix(1))
    }

    /// A Lambda's `output_shape`, which leaves the batch out.
    private func declaredShape(_ inputs: [SymbolicShape]) -> SymbolicShape? {
        guard isCode, let said = adopted["output_shape"], let known = OpaqueLayer.lengths(said["items"] ?? said) else { return nil }
        return SymbolicShape([inputs.first?.dims.first ?? nil] + known)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard let function else { throw KerasError(problems: [refusal(at: Place(layer: call.path))]) }
        return try function.body(inputs, call)
    }

    package func refusal(at place: Place) -> Problem {
        Problem(
            kind: .unsupported,
            sentence: isCode ? "a Lambda is Python code, which is never run" : "the code of this kind of layer is not in the file",
            place: place,
            found: "'\(written.name)'", expected: "an implementation: Model.load(…, customLayers:)")
    }

    /// Code is Python's of one version and means nothing in another dialect; classes are somebody's own in each.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard isCode, let source = base.dialect, context.readers != [source] else { return }
        throw KerasError(
            .unsupported, "a Lambda's code is for the Keras it was written by", at: Place(layer: name), found: source.rawValue)
    }
}

/// What somebody registers for a layer whose code is not in its file.
public struct CustomFunction: Sendable {
    /// What it gives for its inputs, in primitives: ``LayerCall/emit(_:_:)-(_,Value...)``.
    public let body: @Sendable ([Value], LayerCall) throws -> [Value]

    public init(_ body: @escaping @Sendable ([Value], LayerCall) throws -> [Value]) { self.body = body }
}

/// Implementations of layers that this package does not have, for the models that are loaded with them.
///
/// A whole kind of layer is a type that conforms to ``Layer``, as this package's own do: it is found by its class name, with or without the
/// package that Python registered it for (`my_package>MyLayer`). A single layer, such as a Lambda, is a function found by the layer's name.
public struct CustomLayers: Sendable {
    public var types: [any Layer.Type]
    public var functions: [String: CustomFunction]

    public init(_ types: [any Layer.Type] = [], named functions: [String: CustomFunction] = [:]) {
        self.types = types
        self.functions = functions
    }

    package var registry: LayerRegistry {
        var registry = LayerRegistry.keras
        for type in types { registry.register(type) }
        registry.functions = functions
        return registry
    }
}
