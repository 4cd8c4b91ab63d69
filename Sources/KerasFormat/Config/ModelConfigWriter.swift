import JSON
import KerasModel
import Tensors

/// Writes a model's configuration for a target, as its `to_json` does or as it stands in its `.h5`.
package struct ModelConfigWriter: Sendable {
    package typealias Form = Origin.Configuration.Form

    private let model: BuiltModel?
    private let target: SaveTarget
    private let form: Form
    private var context: EncodingContext
    private var dialect: Dialect { target.dialect }
    private var rules: any DialectRules.Type { target.rules }

    /// The model, and in JSON of its own, which Keras it is for.
    ///
    /// - Parameters:
    ///   - built: gives the shapes Keras 3 writes beside each tensor; without it they are left open.
    ///   - losses: takes what the target has no word for and that can be left out.
    ///   - notes: takes what the user should know.
    /// - Throws: `unsupported` problems, one for each value the target has no word for.
    package static func json(
        _ root: ModelLayer, built: BuiltModel?, target: SaveTarget, form: Form = .json, losses: Losses? = nil, notes: Losses? = nil
    ) throws -> JSON {
        var context = EncodingContext(
            target: target, isHDF5: form == .hdf5, namesModules: target == .tfKeras && form != .hdf5, losses: losses)
        context.heldInputs = built?.heldInputs ?? [:]
        context.notes = notes
        let writer = ModelConfigWriter(model: built, target: target, form: form, context: context).writingModels()
        var top = try writer.entry(root)
        switch (form, target.dialect) {
        case (.hdf5, _), (.archive, .tfKeras), (.archive, .keras2): break
        case (.json, .keras3), (.archive, .keras3):
            // The archive's is written by itself.
            for (key, value) in writer.build(root, nil) { top[key] = value }
        case (.json, .tfKeras), (.json, .keras2):
            (top["module"], top["registered_name"]) = (nil, nil)
            top["keras_version"] = .string(target.kerasVersion)
            top["backend"] = "tensorflow"
        }
        return .object(top)
    }

    package static func json(_ root: ModelLayer, built: BuiltModel?, dialect: Dialect) throws -> JSON {
        try json(root, built: built, target: SaveTarget(dialect))
    }

    /// The same writer, for models that stand in a layer's configuration too.
    private func writingModels() -> ModelConfigWriter {
        var writer = self
        writer.context.writeModel = { [self] model, _ in
            var inner = self
            inner.context.isNested = true
            var object = try inner.writingModels().entry(model)
            if dialect == .keras3 { for (key, value) in build(model, nil) { object[key] = value } }
            return object
        }
        return writer
    }

    private func wrap(_ written: WrittenClass, _ config: JSONObject) -> JSONObject {
        // Of a model in HDF5 nothing else is read.
        guard form != .hdf5 else { return ["class_name": .string(written.name), "config": .object(config)] }
        return context.object(written, config: config).object ?? [:]
    }

    /// What stands beside the configuration of a layer within a model: what shape it was made for, and whether a model was compiled.
    private func build(_ layer: any Layer, _ firstCall: Call?) -> JSONObject {
        guard form != .hdf5, context.namesModules, !(layer is InputLayer) else { return [:] }
        if dialect == .keras3, let model = layer as? ModelLayer {
            let shape = model.architecture.kind == .sequential ? model.architecture.sequentialInput?.batchShape : nil
            return ["build_config": ["input_shape": shape?.config(in: context) ?? .null], "compile_config": [:]]
        }
        guard dialect == .tfKeras || type(of: layer).writesInputShape, let model, let firstCall, firstCall.form == nil else { return [:] }
        func shapes(_ argument: Tree<TensorRef>) -> JSON {
            argument.map { model.outputShapes(of: $0).dropFirst($0.output).first?.config(in: context) ?? .null }.json
        }
        let names = dialect == .keras3 ? type(of: layer).argumentNames : []
        if !names.isEmpty {
            var named = JSONObject(zip(names, firstCall.arguments).map { ($0 + "_shape", shapes($1)) })
            for (key, value) in firstCall.keywordTensors where names.contains(key) { named[key + "_shape"] = shapes(value) }
            return ["build_config": ["shapes_dict": .object(named)]]
        }
        // Before Keras 3 the other tensors of such a call are named, and not those it is built for.
        guard firstCall.arguments.count == 1 || dialect == .tfKeras && !type(of: layer).argumentNames.isEmpty else { return [:] }
        return ["build_config": ["input_shape": shapes(firstCall.arguments[0])]]
    }

    private func entry(_ layer: any Layer) throws -> JSONObject {
        guard var model = layer as? ModelLayer else {
            for outputs in self.model?.shapes[layer.id] ?? [] {
                do { try layer.check(outputs: outputs, for: context) } catch let error as KerasError { try context.leaveOut(error) }
            }
            let rank = dialect == .tfKeras && target != .universal ? self.model?.shapes[layer.id]?.first?.first?.rank : nil
            return wrap(layer.written, try (rank.map(layer.settled) ?? layer).encoded(in: context))
        }
        if !context.isNested, model.id != self.model?.root.id {
            var inner = self
            inner.context.isNested = true
            return try inner.entry(model)
        }
        if dialect != .keras3 && !model.base.trainable {
            // Before Keras 3 a model has no word for it, and its layers have.
            for index in model.architecture.layers.indices { model.architecture.layers[index].base.trainable = false }
        }
        switch model.architecture.kind {
        case .sequential: return wrap(WrittenClass("Sequential", module: "keras"), try sequential(model))
        case .functional:
            let module = dialect == .keras3 ? "keras.src.models.functional" : "tf_keras.src.engine.functional"
            return wrap(WrittenClass(rules.functionalName, module: module, registeredName: "Functional"), try functional(model))
        }
    }

    private func header(_ model: ModelLayer) -> JSONObject {
        var config: JSONObject = ["name": .string(model.name)]
        if dialect == .keras3 || context.namesModules && model.architecture.kind == .functional {
            config["trainable"] = .bool(model.base.trainable)
        }
        return config
    }

    private func sequential(_ model: ModelLayer) throws -> JSONObject {
        var config = header(model)
        if dialect == .keras3 { config["dtype"] = try model.base.dtype.config(in: context) }
        var layers = model.architecture.layers
        var entries: [JSON] = []
        if let input = model.architecture.sequentialInput {
            if dialect != .keras2 {
                entries.append(.object(try entry(input)))
            } else if !layers.isEmpty, !(layers[0] is ModelLayer) {
                // Keras 2 has no input layer here: the shape stands on the first real one.
                layers[0].base.batchShape = input.batchShape
            }
        }
        var problems = ProblemList()
        entries += layers.compactMap { layer in
            problems.attempt { () throws -> JSON in
                var object = try entry(layer)
                for (key, value) in build(layer, model.architecture.calls[layer.id]?.first) { object[key] = value }
                return .object(object)
            }
        }
        try problems.throwIfAny()
        config["layers"] = .array(entries)
        if dialect == .keras3, let shape = model.architecture.sequentialInput?.batchShape {
            config["build_input_shape"] = shape.config(in: context)
        }
        return restoreUnknown(config, model)
    }

    private func functional(_ model: ModelLayer) throws -> JSONObject {
        var config = header(model)
        let architecture = model.architecture
        var problems = ProblemList()
        let entries = architecture.layers.compactMap { layer in
            problems.attempt { () throws -> JSON in
                var object = try entry(layer)
                let calls = layer is InputLayer ? [] : architecture.calls[layer.id] ?? []
                for (key, value) in build(layer, calls.first) { object[key] = value }
                object["name"] = .string(layer.name)
                let repeats = layer is ModelLayer ? rules.nestedRepeats : 1
                object["inbound_nodes"] = .array(
                    try KerasError.placing(Place(layer: layer.name, key: "inbound_nodes")) {
                        try calls.flatMap { call in
                            guard target != .universal || !call.beginsWithStates(layer) else {
                                throw KerasError(
                                    .unsupported, "no call that hands states to a layer is read by every Keras",
                                    at: Place(key: "initial_state"),
                                    expected: "a model for one Keras alone")
                            }
                            var call = try said(call, from: architecture.dialect).withStates(of: layer, in: dialect)
                            if dialect != .keras3 { call = try call.withKeywords(of: layer) }
                            if dialect == .keras3, call.form == nil {
                                for (key, value) in type(of: layer).callKeywords
                                where !call.keywords.contains(key) && !call.keywordTensors.contains(where: { $0.key == key }) {
                                    call.keywords[key] = value
                                }
                            }
                            let name = { try named($0, in: architecture, at: .inboundNodes) }
                            let node =
                                try call.form.map { try rules.writeOperation(call, $0, name: name) } ?? rules.writeCall(call, name: name)
                            return Array(repeating: node, count: repeats)
                        }
                    })
                return .object(object)
            }
        }
        try problems.throwIfAny()
        config["layers"] = .array(entries)
        for (key, ends) in [("input_layers", architecture.inputs), ("output_layers", architecture.outputs)] {
            config[key] = rules.writeEnds(try ends.map { .array(try named($0, in: architecture, at: .ends).triple) })
        }
        return restoreUnknown(config, model)
    }

    /// The call as the target means it: `training=` of a call counts for tf.keras and Keras 2, and means nothing to Keras 3, whose `predict`
    /// and `fit` say it anew.
    private func said(_ call: Call, from source: Dialect?) throws -> Call {
        guard let source, call.keywords.contains("training"), source != dialect || target == .universal else { return call }
        var call = call
        call.keywords["training"] = nil
        if source != .keras3 {
            try context.leaveOut(
                KerasError(.unsupported, "Keras 3 does not obey what a call says of training", found: "training=… on a call"))
        }
        return call
    }

    private func named(_ reference: TensorRef, in architecture: Architecture, at place: ReferencePlace) throws -> NamedTensor {
        guard let layer = architecture.layer(reference.layer) else {
            throw KerasError(.malformed, "a call takes a tensor of a layer that is not in the model", at: Place(layer: architecture.name))
        }
        var node = reference.call
        if let nested = layer as? ModelLayer {
            node = node * rules.nestedRepeats + rules.offset(ofNested: nested.architecture.kind, at: place)
        }
        let shape = model?.outputShapes(of: reference).dropFirst(reference.output).first
        return NamedTensor(
            layer: layer.name, node: node, tensor: reference.output, shape: shape ?? layer.base.batchShape ?? [],
            dtype: layer.base.dtype.compute)
    }

    private func restoreUnknown(_ config: JSONObject, _ model: ModelLayer) -> JSONObject {
        guard model.architecture.dialect == target.dialect, target != .universal else { return config }
        var config = config
        for (key, value) in model.architecture.unknownKeys { config[key] = value }
        return config
    }
}
