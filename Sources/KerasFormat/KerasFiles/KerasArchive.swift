import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// A `.keras` file: a zip of `metadata.json`, `config.json` and `model.weights.h5`, and of what layers keep in files of their own under
/// `assets`. All of it is read in memory by exact name, and its checksums are compared. Source: `keras.src.saving.saving_lib`.
enum KerasArchive {
    static let metadata = "metadata.json"
    static let config = "config.json"
    static let weights = "model.weights.h5"

    /// - Throws: everything that is wrong: `malformed`, `mismatch`, `unsupported`.
    static func read(_ bytes: Buffer, name: String, registry: LayerRegistry) throws -> SavedModel {
        let archive = try ZipArchive(bytes, name: name)
        guard let configuration = try json(config, in: archive) else { throw notAModel(archive) }
        let version = try json(metadata, in: archive)?["keras_version"]?.string.map(KerasVersion.init)
        var saved = try KerasError.placing(Place(object: config)) {
            try ModelFile.architecture(configuration, version: version, registry: registry)
        }
        // What the model was compiled with is kept by itself.
        var words = configuration.object ?? [:]
        words["compile_config"] = nil
        saved.origin?.configuration = Origin.Configuration(.object(words), .archive)
        let variables = try storedVariables(in: archive)
        variables.fillOpaqueLayers(of: &saved.root)
        let read = try fillVocabularies(of: &saved.root, in: archive, variables)
        var shared: [any Layer] = []
        saved.weights = try KerasError.placing(Place(file: name)) {
            try PathWeights.read(variables.without(read.paths), into: BuiltModel(saved.root).tree(of: saved.root), shared: &shared)
        }
        saved.warnings += shared.map {
            "layer '\($0.name)': two parts of the model had this layer in common, and its weights stand in the file once; here they are two with the same weights"
        }
        do {
            saved.training?.optimizerVariables = try variables.optimizerVariables()
            saved.training?.restoresOptimizer = true
        } catch let error as KerasError where !error.isOfResources {
            saved.warnings += error.problems.map { "the optimizer's state is left out: \($0)" }
        }
        saved.origin?.extras.assets = try assets(in: archive, besides: read.members)
        return saved
    }

    /// What layers that are not known here keep in files of their own, unread.
    private static func assets(in archive: ZipArchive, besides read: Set<String>) throws -> [(name: String, content: Buffer)] {
        try archive.members.filter { $0.name.hasPrefix("assets/") && !$0.isDirectory && !read.contains($0.name) }.map { member in
            // It is going to be written again, and somebody may unpack that.
            guard !member.name.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) else {
                throw KerasError(.policy, "a member's name leads out of the archive", at: Place(file: archive.name, object: member.name))
            }
            try archive.verify(member)
            return (member.name, try archive.contents(of: member))
        }
    }

    /// The weights alone.
    static func storedVariables(in archive: ZipArchive) throws -> PathVariables {
        guard let member = archive.member(named: weights) else {
            let others = archive.members.map(\.name).filter { $0.hasPrefix("model.weights") }
            throw others.isEmpty
                ? KerasError(.malformed, "the archive holds no weights", expected: weights)
                : KerasError(.unsupported, "weights in this form are not read", found: others.joined(separator: ", "), expected: weights)
        }
        try archive.verify(member)
        let contents = try archive.contents(of: member)
        return try KerasError.placing(Place(file: archive.name, object: weights)) {
            let file = try HDF5File(bytes: contents, name: "\(archive.name):\(weights)")
            try file.requireSelfContained()
            return try PathVariables(file.root)
        }
    }

    /// The names of the outermost model's layers by the paths of their weights, from the configuration alone: it need not be one that is
    /// understood here.
    static func layerNames(in archive: ZipArchive, with variables: PathVariables) throws -> [String: String] {
        guard let model = try json(config, in: archive)?["config"], let layers = model["layers"]?.array else { return [:] }
        let version = try json(metadata, in: archive)?["keras_version"]?.string.map(KerasVersion.init)
        let rules = PathRules(version)
        var counts: [String: Int] = [:]
        var names: [String: String] = [:]
        for layer in layers {
            // A Sequential does not list its input.
            guard let kind = layer["class_name"]?.string, let name = layer["config"]?["name"]?.string,
                !(model["input_layers"] == nil && kind == InputLayer.className)
            else { continue }
            let word = Architecture.snakeCase(kind)
            let count = counts[word, default: 0]
            let path = "\(rules.listOfLayers)/\(word)" + (count == 0 ? "" : "_\(count)")
            names[path] = name
            counts[word] = count + rules.step(hasWeights: !variables.filled(below: path).isEmpty)
        }
        return names
    }

    static func json(_ member: String, in archive: ZipArchive) throws -> JSON? {
        guard let entry = archive.member(named: member) else { return nil }
        try archive.verify(entry)
        let contents = try archive.contents(of: entry)
        return try KerasError.placing(Place(object: member)) { try contents.withUnsafeBytes { try JSON(parsing: $0) } }
    }

    private static func notAModel(_ archive: ZipArchive) -> KerasError {
        let names = archive.members.prefix(6).map(\.name)
        return names.contains { $0.hasSuffix(".npy") }
            ? KerasError(.malformed, "this is an archive of numpy arrays, not a model", expected: "a model")
            : KerasError(
                .malformed, "this zip archive is not a model as Keras writes it",
                found: names.isEmpty ? "nothing in it" : names.joined(separator: ", "),
                expected: config)
    }
}
