import JSON
import KerasModel
import Tensors

/// Reads a model's configuration, `{"class_name": …, "config": …}`, of any dialect.
///
/// Problems are gathered: a file's unknown layers are all named at once.
struct ModelConfigReader {
    let context: DecodingContext
    private var problems = ProblemList()
    /// The layers that can only be kept: no problem by themselves, but told with those there are.
    private var opaque: [(place: Int, problem: Problem)] = []

    init(_ context: DecodingContext) {
        var context = context
        context.readModel = { json, context in try ModelConfigReader.nested(json, context) }
        self.context = context
    }

    /// A model that stands in a layer's configuration; nil for what is no model.
    private static func nested(_ json: JSON, _ context: DecodingContext) throws -> ModelLayer? {
        guard let name = json["class_name"]?.string, name == "Sequential" || functionalNames.contains(name) else { return nil }
        var reader = ModelConfigReader(context)
        let model = reader.model(json, path: "")
        try reader.problems.throwIfAny()
        return model
    }

    /// - Throws: every problem found.
    static func read(_ json: JSON, in context: DecodingContext) throws -> ModelLayer {
        var reader = ModelConfigReader(context)
        let model = reader.model(json, path: "")
        try reader.throwProblems()
        guard let model else { throw KerasError(.malformed, "this is no model", found: json.kindName) }
        return model
    }

    private func throwProblems() throws {
        guard !problems.isEmpty else { return }
        var all = problems.problems
        for (place, problem) in opaque.reversed() { all.insert(problem, at: place) }
        throw KerasError(problems: all)
    }

    /// Names of the classes that hold a graph.
    private static let functionalNames: Set<String> = ["Functional", "Model", "Container", "Network"]

    private mutating func model(_ json: JSON, path: String) -> ModelLayer? {
        guard let className = json["class_name"]?.string, let config = json["config"] else {
            problems.add(
                Problem(
                    kind: .malformed, sentence: "a model's configuration is not what it must be",
                    place: Place(layer: path.isEmpty ? nil : path),
                    found: json.summary, expected: "an object with 'class_name' and 'config'"))
            return nil
        }
        if className == "Sequential" { return sequential(config, path: path) }
        if ModelConfigReader.functionalNames.contains(className) { return functional(config, path: path) }
        problems.add(
            Problem(
                kind: .unsupported, sentence: "this is a model of a class of its own, whose code is not in the file",
                place: Place(layer: path.isEmpty ? nil : path), found: "'\(className)'", expected: "Sequential or Functional"))
        return nil
    }

    /// `config` is a list of layers before Keras 2.2.3, an object with the list since.
    private mutating func sequential(_ config: JSON, path: String) -> ModelLayer? {
        let name = config["name"]?.string ?? "sequential"
        guard let entries = config.array ?? config["layers"]?.array else {
            problems.add(malformed("a Sequential has no list of layers", path, found: config.kindName))
            return nil
        }
        var layers = entries.map { layer($0, path: path) }
        // What a layer was built for is what the one before it gives.
        for (index, entry) in entries.enumerated().dropFirst() {
            guard var opaque = layers[index - 1] as? OpaqueLayer, let shape = entry["build_config"]?["input_shape"],
                let known = try? SymbolicShape(config: shape, in: context), known.rank > 0
            else { continue }
            opaque.knownShapes = [known]
            layers[index - 1] = opaque
        }
        let known = layers.compactMap { $0 }
        guard known.count == layers.count else { return nil }
        let context = context
        return problems.attempt(at: Place(layer: name)) {
            var input: InputLayer?
            if let shape = config["build_input_shape"], known.first?.base.batchShape == nil, !(known.first is ModelLayer),
                let built = try? SymbolicShape(config: shape, in: context), built.rank > 0
            {
                input = InputLayer(batchShape: SymbolicShape([nil] + built.dims.dropFirst()))
            }
            let architecture = Architecture(sequential: name, layers: known, input: input)
            return ModelConfigReader.finish(architecture, config, context.dialect)
        }
    }

    private mutating func functional(_ config: JSON, path: String) -> ModelLayer? {
        let name = config["name"]?.string ?? "model"
        guard let entries = config["layers"]?.array, let inputs = config["input_layers"], let outputs = config["output_layers"] else {
            problems.add(malformed("a Functional lacks 'layers', 'input_layers' or 'output_layers'", path, found: config.kindName))
            return nil
        }
        var layers: [any Layer] = []
        var known: [String: any Layer] = [:]
        var isComplete = true
        for entry in entries {
            guard let layer = layer(entry, path: path) else {
                isComplete = false
                continue
            }
            if known.updateValue(layer, forKey: layer.name) != nil {
                problems.add(malformed("two layers have one name", path, found: "'\(layer.name)'"))
                isComplete = false
            }
            layers.append(layer)
        }
        guard isComplete else { return nil }
        for index in layers.indices {
            guard var opaque = layers[index] as? OpaqueLayer, let shape = ModelConfigReader.shape(of: opaque.name, in: entries, context)
            else { continue }
            opaque.knownShapes = [shape]
            layers[index] = opaque
        }
        let resolver = ReferenceResolver(rules: context.dialect.rules, layers: known, entries: entries, outputs: outputs)
        let context = context
        return problems.attempt(at: Place(layer: path.isEmpty ? name : path)) {
            var calls: [LayerID: [Call]] = [:]
            var failures = ProblemList()
            for (layer, entry) in zip(layers, entries) {
                failures.attempt(at: Place(layer: layer.name, key: "inbound_nodes")) {
                    let nodes = entry["inbound_nodes"]?.array ?? []
                    calls[layer.id] =
                        layer is InputLayer && nodes.isEmpty
                        ? [Call([])]
                        : try nodes.map { node in
                            let rules = context.dialect.rules
                            let resolve = { try resolver.resolve($0, at: .inboundNodes) }
                            return layer is any OperationLayer
                                ? try rules.readOperation(node, resolve: resolve)
                                : try ModelConfigReader.call(of: layer, node, rules, resolve)
                        }
                }
            }
            let ends = try [inputs, outputs].map { json in
                let tree = try ModelConfigReader.readEnds(json) { try resolver.resolve($0, at: .ends) }
                // Before Keras 3 a model of one input or output always lists it, and takes and gives it bare.
                if context.dialect != .keras3, case .list(let items) = tree, items.count == 1 { return items[0] }
                return tree
            }
            try failures.throwIfAny()
            let architecture = Architecture(functional: name, layers: layers, calls: calls, inputs: ends[0], outputs: ends[1])
            return ModelConfigReader.finish(architecture, config, context.dialect)
        }
    }

    /// What Keras 3 says of a layer's output where another one takes it.
    private static func shape(of layer: String, in entries: [JSON], _ context: DecodingContext) -> SymbolicShape? {
        func find(_ json: JSON) -> SymbolicShape? {
            if let config = json["config"], let history = config["keras_history"], history[0] == .string(layer), history[2] == 0 {
                return try? config["shape"].map { try SymbolicShape(config: $0, in: context) }
            }
            if let items = json.array { return items.lazy.compactMap(find).first }
            return json.object?.values.lazy.compactMap(find).first
        }
        return entries.lazy.compactMap { $0["inbound_nodes"].flatMap(find) }.first
    }

    /// A layer of somebody's own may be called in ways that no layer of Keras is.
    private static func call(
        of layer: any Layer, _ node: JSON, _ rules: any DialectRules.Type, _ resolve: (NodeReference) throws -> TensorRef
    ) throws -> Call {
        do {
            return try rules.readCall(node, resolve: resolve)
        } catch {
            guard layer is OpaqueLayer, let call = try? rules.readOperation(node, resolve: resolve) else { throw error }
            return call
        }
    }

    /// `input_layers`, `output_layers`: a triple, or lists or dictionaries of them.
    private static func readEnds(_ json: JSON, _ resolve: (NodeReference) throws -> TensorRef) throws -> Tree<TensorRef> {
        if NodeReference.isReference(json) { return .leaf(try resolve(NodeReference(json))) }
        if let items = json.array { return .list(try items.map { try readEnds($0, resolve) }) }
        if let object = json.object { return .dictionary(try object.map { ($0.key, try readEnds($0.value, resolve)) }) }
        throw KerasError(.malformed, "a model's inputs or outputs are not what they must be", found: json.summary)
    }

    private static func finish(_ architecture: Architecture, _ config: JSON, _ dialect: Dialect) -> ModelLayer {
        var architecture = architecture
        architecture.dialect = dialect
        var unknown = config.object ?? [:]
        for key in ["name", "layers", "input_layers", "output_layers", "trainable", "dtype", "build_input_shape"] { unknown[key] = nil }
        architecture.unknownKeys = unknown
        var model = ModelLayer(architecture)
        model.base.trainable = config["trainable"]?.bool ?? true
        return model
    }

    private mutating func layer(_ entry: JSON, path: String) -> (any Layer)? {
        guard let className = entry["class_name"]?.string, let config = entry["config"] else {
            problems.add(malformed("a layer's entry is not what it must be", path, found: entry.summary))
            return nil
        }
        let name = entry["name"]?.string ?? config["name"]?.string ?? className
        let place = path.isEmpty ? name : "\(path)/\(name)"
        if className == "Sequential" || ModelConfigReader.functionalNames.contains(className),
            config["layers"] != nil || config.array != nil
        {
            return model(entry, path: place)?.named(name)
        }
        let operation = context.dialect == .keras3 ? KerasOperation(entry: entry, isLayer: context.registry[className] != nil) : nil
        let type: any Layer.Type = operation == nil ? context.registry[className] ?? OpaqueLayer.self : KerasOperation.self
        guard let object = config.object else {
            problems.add(malformed("a layer has no configuration", place, found: config.kindName))
            return nil
        }
        let context = context
        defer {
            if type is OpaqueLayer.Type, context.registry.function(for: name) == nil {
                var layer = OpaqueLayer.blank
                layer.written = WrittenClass(className)
                opaque.append((problems.problems.count, layer.refusal(at: Place(layer: place))))
            }
        }
        return problems.attempt(at: Place(layer: place)) {
            var layer = try type.decoded(object, in: context)
            layer.base.name = name
            let written = WrittenClass(
                className, module: entry["module"]?.string ?? (className == OpaqueLayer.className ? "keras.layers" : nil),
                registeredName: entry["registered_name"]?.string)
            if var read = layer as? KerasOperation, let operation {
                read.written = operation.written
                layer = read
            } else if var read = layer as? OpaqueLayer {
                read.written = written
                read.function = context.registry.function(for: name)
                layer = read
            } else if LayerRegistry.keras[className] == nil {
                layer.base.written = written
            }
            return layer
        }
    }

    private func malformed(_ sentence: String, _ path: String, found: String) -> Problem {
        Problem(kind: .malformed, sentence: sentence, place: Place(layer: path.isEmpty ? nil : path), found: found)
    }
}
