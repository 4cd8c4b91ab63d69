import HDF5
import KerasModel
import Tensors

/// What a `.weights.h5`, or the `model.weights.h5` of a `.keras`, holds: for each object of a model, by the path of attributes that leads to
/// it, a group `vars` with its variables as `0`, `1`, …
package struct PathVariables {
    package struct Object {
        /// `layers/dense_1`; empty for the model itself. With `/` also where a Keras on Windows wrote `\`.
        package let path: String
        /// The layer's own name, which Keras writes since 3.6.
        package let name: String?
        /// The group `vars`, for messages.
        let place: Place
        package let variables: [HDF5Dataset]
        /// What each is called there.
        fileprivate let keys: [String]

        /// The attribute of the model that leads to it.
        var top: String { String(path.prefix { $0 != "/" }) }
    }

    /// In the order of their paths' bytes.
    package private(set) var objects: [Object] = []
    private var positions: [String: Int] = [:]
    private var visited = 0
    private let isSharded: Bool

    /// Groups that are looked at: a group can be in itself by a hard link.
    private static let mostGroups = 1 << 18

    /// True for a file in this layout, whatever its name is.
    package static func isLayout(of root: HDF5Group) throws -> Bool {
        for name in ["vars", "layers", "_layer_checkpoint_dependencies"] where try root.contains(name) { return true }
        let names = try root.names()
        if names.contains(where: { $0.hasPrefix("layers\\") || $0.hasPrefix("_layer_checkpoint_dependencies\\") }) { return true }
        // A model of a class of its own has its layers under attributes of its own.
        guard try root.attributeNames().allSatisfy({ !$0.hasPrefix("layer_names") && $0 != "nb_layers" && $0 != "model_config" }) else {
            return false
        }
        return try names.contains { try holdsVariables(root, $0, depth: 0) }
    }

    /// Whether the first group on the way down that is called `vars` holds arrays called by numbers.
    private static func holdsVariables(_ group: HDF5Group, _ name: String, depth: Int) throws -> Bool {
        guard depth < 8, case .group(let inner) = try group.member(name) else { return false }
        let names = try inner.names()
        if name == "vars" { return names.contains { Int($0) != nil } }
        return try names.prefix(64).contains { try holdsVariables(inner, $0, depth: depth + 1) }
    }

    /// - Throws: a `resource` problem for too many groups, `malformed` ones for what is no dataset or stands twice.
    package init(_ root: HDF5Group) throws { try self.init(shards: [root]) }

    /// The variables of one model over several files, one object's perhaps too.
    init(shards: [HDF5Group]) throws {
        isSharded = shards.count > 1
        for root in shards { try walk(root, []) }
    }

    package subscript(path path: String) -> Object? { positions[path].map { objects[$0] } }

    /// The objects that have variables: those at `path` and below.
    func filled(below path: String) -> [Object] {
        objects.filter { !$0.variables.isEmpty && (path.isEmpty || $0.path == path || $0.path.hasPrefix(path + "/")) }
    }

    /// Whether it has nothing but what comes after objects' first variables.
    var goesOn: Bool { !filled(below: "").isEmpty && objects.allSatisfy { !$0.keys.contains("0") } }

    /// The same without the variables of these objects, which have been read.
    func without(_ paths: Set<String>) -> PathVariables {
        guard !paths.isEmpty else { return self }
        var copy = self
        copy.objects = objects.filter { !paths.contains($0.path) }
        copy.positions = Dictionary(uniqueKeysWithValues: copy.objects.enumerated().map { ($1.path, $0) })
        return copy
    }

    private mutating func walk(_ group: HDF5Group, _ path: [String]) throws {
        visited += 1
        guard visited <= PathVariables.mostGroups, path.count <= Budgets.current.hdf5PathDepth else {
            throw KerasError(.resource, "the file holds too many groups, or they are nested too deeply", at: group.place)
        }
        for name in try group.names() {
            // Keras on Windows once joined a path with backslashes, and so made one name of it.
            let parts = name.split(separator: "\\").map(String.init)
            guard case .group(let inner) = try group.member(name) else { continue }
            guard parts.last == "vars" else {
                try walk(inner, path + parts)
                continue
            }
            try add(inner, (path + parts.dropLast()).joined(separator: "/"))
        }
    }

    private mutating func add(_ group: HDF5Group, _ path: String) throws {
        var found = try group.names().map { ($0, try group.dataset($0)) }
        let known = positions[path]
        if let known {
            let object = objects[known]
            guard isSharded, Set(object.keys).isDisjoint(with: found.map(\.0)) else {
                throw KerasError(.malformed, "the file holds the variables of one object twice", at: group.place, found: path)
            }
            found += Array(zip(object.keys, object.variables))
        }
        // By number: HDF5 has `10` before `2`. Names that are none come after, in the order of their bytes.
        found.sort { (Int($0.0) ?? .max, $0.0) < (Int($1.0) ?? .max, $1.0) }
        let stored = try KerasError.orNil { try group.attribute("name")?.string() } ?? nil
        let name = known.flatMap { objects[$0].name } ?? stored
        let object = Object(path: path, name: name, place: group.place, variables: found.map(\.1), keys: found.map(\.0))
        if let known {
            objects[known] = object
        } else {
            positions[path] = objects.count
            objects.append(object)
        }
    }
}

extension PathVariables {
    /// Gives layers whose code nobody has the weights that the file has for them, to be kept.
    func fillOpaqueLayers(of model: inout ModelLayer) {
        guard model.architecture.layers.contains(where: { $0 is OpaqueLayer }), let built = try? BuiltModel(model) else { return }
        // The rules by which most of the layers' paths are there.
        let named = PathRules.allCases.map { built.tree(of: model).objects(by: $0) }
        let best = named.max { objects, others in
            func found(_ objects: [WeightTree.Object]) -> Int { objects.count { self[path: $0.path] != nil } }
            return found(objects) < found(others)
        }
        for (index, layer) in model.architecture.layers.enumerated() {
            guard var opaque = layer as? OpaqueLayer, let path = best?.first(where: { $0.layer.id == layer.id })?.path,
                let stored = self[path: path], !stored.variables.isEmpty
            else { continue }
            opaque.stored = stored.variables.enumerated().compactMap { number, dataset in
                try? WeightSpec("\(number)", dataset.shape.dims, .zeros, dtype: dataset.dtype)
            }
            model.architecture.layers[index] = opaque
        }
    }

    /// The optimizer's variables in its own order, under the names they are stored by.
    func optimizerVariables() throws -> [(name: String, tensor: Tensor)] {
        guard let object = self[path: "optimizer"] else { return [] }
        return try object.variables.enumerated().map { ("optimizer/vars/\($0)", try $1.tensor()) }
    }
}
