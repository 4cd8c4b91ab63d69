import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// What a file says, word for word, whether or not this version can read it: what its readers are judged by.
struct FileFacts: Sendable {
    enum Container: String, Sendable {
        case wholeHDF5 = "whole model in HDF5"
        case legacyWeights = "weights in HDF5, by the layers' names"
        case pathWeights = "weights in HDF5, by path"
        case archive = ".keras archive"
        case json = "architecture as JSON"
        case yaml = "architecture as YAML"
        case sharded = "index of weights in several files"
        case other = "no file of Keras"
    }

    let name: String
    private(set) var container = Container.other
    private(set) var version: KerasVersion?
    private(set) var backend: String?
    /// The model's configuration; null where the file has none.
    private(set) var config = JSON.null
    /// `training_config` or `compile_config`.
    private(set) var training = JSON.null
    /// What weights are called in the legacy layout.
    private(set) var weightNames: [String] = []
    private(set) var isWindows = false
    private(set) var rules: PathRules?
    /// Whether layers of one class are numbered, where weights go by path.
    private(set) var repeatsClasses = false
    /// Variables that the optimizer's list names and the file does not have.
    private(set) var missingOptimizerVariables: [String] = []
    /// Whether a layer of sharded weights goes on in a file that their index does not name.
    private(set) var losesWeights = false
    /// Every layer's entry at any depth, with the path of names that leads to it.
    private(set) var layers: [(path: String, kind: String, config: JSONObject)] = []

    /// - Throws: what keeps the file from being looked at at all.
    init(_ bytes: Buffer, name: String) throws {
        self.name = name
        switch FileKind(bytes) {
        case .hdf5: try read(HDF5File(bytes: bytes, name: name).root)
        case .zip: try read(ZipArchive(bytes, name: name))
        case .json:
            let json = try bytes.withUnsafeBytes { try JSON(parsing: $0) }
            if ShardedWeights.isIndex(json) {
                container = .sharded
                losesWeights = ShardedWeights.losesWeights(json, path: name)
            } else {
                read(json, .json)
            }
        case .yaml: read(try bytes.withUnsafeBytes { try JSON(yaml: $0) }, .yaml)
        case .npy, .safetensors, .other: break
        }
        collect(config, "")
    }

    /// Whose words they are.
    var isKeras1: Bool {
        switch container {
        case .legacyWeights: Keras1Storage(names: weightNames) != nil && version == nil
        default: !config.isNull && (Keras1.speaks(config, version: version) && (version?.major ?? 1) < 2)
        }
    }

    var dialect: Dialect? { config.isNull ? nil : isKeras1 ? .keras2 : Dialect(kerasVersion: version, architecture: config) }

    var isTheano: Bool { backend == "theano" || isKeras1 && !weightNames.isEmpty && !weightNames.contains { $0.hasSuffix(":0") } }

    private mutating func read(_ json: JSON, _ kind: Container) {
        container = kind
        version = json["keras_version"]?.string.map(KerasVersion.init)
        backend = json["backend"]?.string
        config = json
        training = json["compile_config"] ?? nil
    }

    private mutating func read(_ root: HDF5Group) throws {
        version = try root.attribute("keras_version").map { KerasVersion(try $0.string()) }
        backend = try root.attribute("backend")?.string()
        if let text = try root.attribute("model_config")?.string() {
            container = .wholeHDF5
            config = try JSON(parsing: text)
            if let text = try root.attribute("training_config")?.string() { training = try JSON(parsing: text) }
            weightNames = (try? LegacyWeights(root).layers.flatMap(\.weights)) ?? []
            if try root.contains("optimizer_weights") {
                let state = try root.group("optimizer_weights")
                let names = try state.stringList("weight_names")
                // A name that stands twice is one array, which is another's at best.
                missingOptimizerVariables = try names.filter { name in try !state.contains(name) }
            }
        } else if try PathVariables.isLayout(of: root) {
            container = .pathWeights
            try read(paths: root)
        } else if let weights = try? LegacyWeights(root), !weights.layers.isEmpty {
            container = .legacyWeights
            weightNames = weights.layers.flatMap(\.weights)
        }
    }

    private mutating func read(_ archive: ZipArchive) throws {
        guard let configuration = try KerasArchive.json(KerasArchive.config, in: archive) else { return }
        read(configuration, .archive)
        version = try KerasArchive.json(KerasArchive.metadata, in: archive)?["keras_version"]?.string.map(KerasVersion.init)
        if let member = archive.member(named: KerasArchive.weights) {
            try read(paths: HDF5File(bytes: try archive.contents(of: member), name: KerasArchive.weights).root)
        }
    }

    private mutating func read(paths root: HDF5Group) throws {
        let names = try root.names()
        isWindows = names.contains { $0.contains("\\") }
        rules = names.contains { $0.hasPrefix(PathRules.tensorFlow212.listOfLayers) } ? .tensorFlow212 : .keras3
        guard rules == .tensorFlow212, let variables = try? PathVariables(root) else { return }
        repeatsClasses = variables.filled(below: "").contains { object in
            let last = object.path.split(separator: "/").dropFirst().first?.split(separator: "_").last
            return object.top == PathRules.tensorFlow212.listOfLayers && last.map { Int($0) != nil } ?? false
        }
    }

    /// Layers of which a later one takes a call that is not there, as Keras 3.0 wrote them.
    var callsLeftOut: [String] {
        func references(_ json: JSON) -> [(name: String, node: Int)] {
            if NodeReference.isReference(json), let name = json[0]?.string, let node = json[1]?.integer { return [(name, node)] }
            return json.array?.flatMap(references) ?? json.object?.values.flatMap(references) ?? []
        }
        func visit(_ model: JSON) -> [String] {
            guard let layers = model["config"]?["layers"]?.array else { return [] }
            guard model["config"]?["input_layers"] != nil else { return layers.flatMap(visit) }
            let calls = Dictionary(
                layers.compactMap { layer in layer["name"]?.string.map { ($0, layer["inbound_nodes"]?.array?.count ?? 0) } },
                uniquingKeysWith: { first, _ in first })
            let missing = layers.flatMap { references($0["inbound_nodes"] ?? .null) }.filter { $0.node >= max(calls[$0.name] ?? 0, 1) }
            return Array(Set(missing.map(\.name))).sorted() + layers.flatMap(visit)
        }
        return dialect == .keras3 ? visit(config) : []
    }

    /// Layers that a wrapper holds and that the graph has too: a `.keras` has the weights of such a one under one path, where nobody finds the
    /// other's.
    var sharedWithWrappers: [String] {
        layers.flatMap { wrapper -> [String] in
            guard let held = wrapper.config["layer"], let name = held["config"]?["name"]?.string, let kind = held["class_name"]?.string
            else { return [] }
            return layers.filter { $0.kind == kind && $0.path == name || $0.path.hasSuffix("/" + name) && $0.kind == kind }
                .map(\.path).filter { !$0.hasPrefix(wrapper.path + "/") }
        }
    }

    private mutating func collect(_ json: JSON, _ path: String) {
        if let object = json.object {
            var inner = path
            if let kind = object["class_name"]?.string, let config = object["config"]?.object {
                let name = config["name"]?.string ?? object["name"]?.string
                if let name {
                    inner = path.isEmpty || layers.isEmpty ? name : "\(path)/\(name)"
                    layers.append((inner, kind, config))
                }
            }
            for value in object.values { collect(value, inner) }
        }
        for item in json.array ?? [] { collect(item, path) }
    }
}
