import Keras
import KerasFormat
import KerasModel

/// What differs between two files: in words, and for machines.
struct DifferenceReport {
    /// The array's owner, its name there, and how far the two are apart.
    typealias Row = (owner: String, name: String, difference: ArrayDifference)

    private(set) var changes: [ArchitectureDifference.Change] = []
    /// Sentences about arrays that only one file has.
    private(set) var missing: [String] = []
    private(set) var rows: [Row] = []
    /// How much is the same, if all is.
    private var compared = (layers: 0, arrays: 0, numbers: 0)
    private var isModel = false
    /// What could not be compared, which is no difference.
    private(set) var notes: [String] = []

    var isSame: Bool { changes.isEmpty && missing.isEmpty && rows.isEmpty }

    /// Two models: their architectures by meaning, then the weights of each layer that both have.
    init(_ a: SavedModel, _ b: SavedModel) throws {
        isModel = true
        let difference = ArchitectureDifference(a.root, b.root)
        changes = difference.changes
        compared.layers = difference.pairs.count
        guard a.weights.isEmpty == b.weights.isEmpty else {
            notes.append(
                "only the \(a.weights.isEmpty ? "second" : "first") file holds weights, so that only the architectures are compared")
            return
        }
        guard !a.weights.isEmpty else { return }
        let (left, right) = (try BuiltModel(a.root), try BuiltModel(b.root))
        for pair in difference.pairs {
            let (mine, theirs) = (left.allWeights(of: pair.a), right.allWeights(of: pair.b))
            if mine.count != theirs.count { missing.append("layer '\(pair.path)': \(mine.count) weights → \(theirs.count)") }
            for (x, y) in zip(mine, theirs) {
                guard let tensor = a.weights[x.id], let other = b.weights[y.id] else { continue }
                try add(pair.path, x.spec.name, tensor, other)
            }
        }
    }

    /// Files of arrays: by name, or one with one.
    init(_ a: ArrayFile, _ b: ArrayFile) throws {
        let areSingle = a.names.count == 1 && b.names.count == 1
        for name in a.names {
            guard let tensor = try a.tensor(name) else { continue }
            guard let other = try b.tensor(areSingle ? b.names[0] : name) else {
                missing.append("array '\(name)': only in the first, \(tensor.shape) \(tensor.dtype)")
                continue
            }
            try add("", name, tensor, other)
        }
        guard !areSingle else { return }
        for name in b.names where try a.tensor(name) == nil {
            missing.append("array '\(name)': only in the second")
        }
    }

    private mutating func add(_ owner: String, _ name: String, _ a: Tensor, _ b: Tensor) throws {
        let difference = try KerasError.placing(Place(object: owner.isEmpty ? name : "\(owner)/\(name)")) { try ArrayDifference(a, b) }
        compared.arrays += 1
        compared.numbers += a.count
        if !difference.isSame { rows.append((owner, name, difference)) }
    }

    var text: String {
        let arrays = isModel ? "weight" : "array"
        if isSame {
            let layers = isModel ? [Numbers.counted(compared.layers, "layer")] : []
            let numbers =
                compared.arrays > 0 || !isModel
                ? [Numbers.counted(compared.arrays, arrays), Numbers.counted(compared.numbers, "number")] : []
            return "no difference: " + (layers + numbers).joined(separator: ", ") + "\n"
        }
        var text = ""
        if !changes.isEmpty {
            text += "architecture: \(Numbers.counted(changes.count, "difference"))\n"
            for change in changes { text += "  \(Terminal.visible(change.sentence))\n" }
        } else if isModel {
            text += "architecture: no difference, \(Numbers.counted(compared.layers, "layer"))\n"
        }
        guard compared.arrays > 0 || !missing.isEmpty else { return text }
        let counted = Numbers.counted(compared.arrays, arrays)
        text += "\(arrays)s: \(rows.isEmpty ? "no difference in \(counted)" : "\(Numbers.grouped(rows.count)) of \(counted) differ")\n"
        for sentence in missing { text += "  \(Terminal.visible(sentence))\n" }
        guard !rows.isEmpty else { return text }
        var table = TextTable(
            (isModel ? [("layer", .left)] : [])
                + [(arrays, .left), ("shape", .left), ("dtype", .left), ("largest", .right), ("relative", .right), ("differing", .right)])
        for row in rows {
            table.add((isModel ? [Terminal.visible(row.owner)] : []) + [Terminal.visible(row.name)] + row.difference.fields)
        }
        return text + table.text(indent: "  ")
    }

    var json: JSONObject {
        let changes = changes.map { change -> JSON in
            var object: JSONObject = ["kind": .string(change.kind.rawValue), "layer": .string(change.layer)]
            for (key, value) in [("key", change.key), ("old", change.old), ("new", change.new)] {
                if let value { object[key] = .string(value) }
            }
            return .object(object)
        }
        let rows = rows.map { row -> JSON in
            var object: JSONObject = isModel ? ["layer": .string(row.owner), "weight": .string(row.name)] : ["array": .string(row.name)]
            for (key, value) in row.difference.json { object[key] = value }
            return .object(object)
        }
        var object: JSONObject = ["same": .bool(isSame)]
        if isModel { object["architecture"] = .array(changes) }
        object[isModel ? "weights" : "arrays"] = .array(rows)
        if !missing.isEmpty { object["missing"] = .array(missing.map(JSON.string)) }
        if !notes.isEmpty { object["notes"] = .array(notes.map(JSON.string)) }
        return object
    }
}
