import Keras
import KerasFormat

/// Where two runs of a model part: the first layer, in the first run's order, that gives something else.
struct ActivationDifference {
    private(set) var first: (layer: String, difference: ArrayDifference)?
    /// Layers that agree before it.
    private(set) var agreeing = 0
    /// Those that only one of the two has.
    private(set) var missing: [String] = []
    private let tolerance: Double

    /// - Throws: a `mismatch` problem if the two have no layer in common.
    init(_ a: ArrayFile, _ b: ArrayFile, tolerance: Double) throws {
        self.tolerance = tolerance
        let (mine, theirs) = (Set(a.names), Set(b.names))
        missing = a.names.filter { !theirs.contains($0) } + b.names.filter { !mine.contains($0) }
        guard !mine.isDisjoint(with: theirs) else { throw KerasError(.mismatch, "the two files have no layer in common") }
        for name in a.names where theirs.contains(name) {
            guard let x = try a.tensor(name), let y = try b.tensor(name) else { continue }
            let difference = try KerasError.placing(Place(object: name)) { try ArrayDifference(x, y) }
            // Another element type alone is another form of the same numbers.
            let isNear = difference.relative.map { $0 <= tolerance } ?? (difference.differing == 0)
            guard isNear else {
                first = (name, difference)
                return
            }
            agreeing += 1
        }
    }

    var text: String {
        let others =
            missing.isEmpty
            ? ""
            : "only in one of the two: " + missing.prefix(8).map { "'\(Terminal.visible($0))'" }.joined(separator: ", ")
                + (missing.count > 8 ? ", …" : "") + "\n"
        guard let first else { return "no difference: \(Numbers.counted(agreeing, "layer"))\n" + others }
        var table = TextTable([
            ("layer", .left), ("shape", .left), ("dtype", .left), ("largest", .right), ("relative", .right), ("differing", .right),
        ])
        table.add([Terminal.visible(first.layer)] + first.difference.fields)
        return
            "the first layer that differs: '\(Terminal.visible(first.layer))', after \(Numbers.counted(agreeing, "layer")) that \(agreeing == 1 ? "agrees" : "agree")\n"
            + table.text(indent: "  ") + others
    }

    var json: JSONObject {
        var object: JSONObject = ["same": .bool(first == nil), "agreeing": .integer(agreeing), "tolerance": .float(tolerance)]
        if let first {
            object["layer"] = .string(first.layer)
            for (key, value) in first.difference.json { object[key] = value }
        }
        if !missing.isEmpty { object["missing"] = .array(missing.map(JSON.string)) }
        return object
    }
}
