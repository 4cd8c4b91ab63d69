import HDF5
import Keras

/// An HDF5 file: what it is to Keras, and then all of its objects.
struct HDF5Report {
    /// Files of Keras's do not nest deeper; one that does may hold a group that holds itself.
    private static let (deepest, mostObjects) = (16, 100_000)

    private let file: HDF5File
    private var tree = ReportTree(name: "/")
    private var json = JSONObject()
    private var objects = 0
    private var tensors = 0
    private var numbers = 0
    private var bytes = 0
    private var facts = ModelFacts()

    /// What cannot be read goes into `problems`, and the rest is shown.
    init(_ file: HDF5File, _ problems: inout ProblemList) {
        self.file = file
        (tree, json) = walk(file.root, name: "/", depth: 0, &problems)
        if let found = problems.attempt({ try ModelFacts(file.root) }) { facts = found }
    }

    var report: FileReport {
        let contents = "\(Numbers.counted(numbers, "number")) in \(Numbers.counted(tensors, "tensor")), \(Numbers.bytes(bytes))"
        let text = ModelFacts.lines(facts.lines + [("holds", contents)]) + "\n/\n" + tree.lines()
        var object: JSONObject = [
            "keras": facts.json, "tensors": .integer(tensors), "numbers": .integer(numbers), "tensor_bytes": .integer(bytes),
        ]
        object["root"] = .object(json)
        return FileReport(format: "HDF5", bytes: file.bytes.count, text: text, json: object)
    }

    private mutating func walk(
        _ group: HDF5Group, name: String, depth: Int, _ problems: inout ProblemList
    ) -> (ReportTree, JSONObject) {
        var tree = ReportTree(name: name)
        let attributes = attributes(of: group, &problems)
        tree.children = attributes.lines
        var members = JSONObject()
        for member in problems.attempt({ try group.names() }) ?? [] {
            objects += 1
            guard depth < HDF5Report.deepest, objects <= HDF5Report.mostObjects else {
                tree.children.append(ReportTree(name: "…", fields: ["too much to show"]))
                break
            }
            guard let found = problems.attempt({ try group.member(member) }) else {
                tree.children.append(ReportTree(name: Terminal.visible(member), fields: ["cannot be read"]))
                continue
            }
            switch found {
            case .group(let inner):
                let (line, object) = walk(inner, name: Terminal.visible(member), depth: depth + 1, &problems)
                tree.children.append(HDF5Report.shortened(line))
                members[member] = .object(object)
            case .dataset(let dataset):
                let (line, object) = show(dataset, name: member, &problems)
                tree.children.append(line)
                members[member] = .object(object)
            case .other: tree.children.append(ReportTree(name: Terminal.visible(member), fields: ["a named datatype"]))
            }
        }
        return (tree, ["attributes": .object(attributes.json), "members": .object(members)])
    }

    /// A group whose one thing is a group is shown with it in one line, as a path.
    private static func shortened(_ tree: ReportTree) -> ReportTree {
        guard tree.children.count == 1, tree.children[0].fields.isEmpty, !tree.children[0].name.hasPrefix("@") else { return tree }
        return ReportTree(name: "\(tree.name)/\(tree.children[0].name)", children: tree.children[0].children)
    }

    private mutating func show(_ dataset: HDF5Dataset, name: String, _ problems: inout ProblemList) -> (ReportTree, JSONObject) {
        let attributes = attributes(of: dataset, &problems)
        let tree = ReportTree(
            name: Terminal.visible(name), fields: ["\(dataset.datatype)", "\(dataset.shape)"], children: attributes.lines)
        if dataset.dtype != nil {
            tensors += 1
            numbers += dataset.shape.count
            bytes += dataset.shape.count * dataset.datatype.size
        }
        return (
            tree,
            [
                "dtype": .string("\(dataset.datatype)"), "shape": .array(dataset.shape.dims.map(JSON.integer)),
                "attributes": .object(attributes.json),
            ]
        )
    }

    private func attributes(of object: some HDF5Object, _ problems: inout ProblemList) -> (lines: [ReportTree], json: JSONObject) {
        var lines: [ReportTree] = []
        var json = JSONObject()
        for name in problems.attempt({ try object.attributeNames() }) ?? [] {
            let value = problems.attempt { try object.attribute(name) }.flatMap { $0 }.flatMap { attribute in
                problems.attempt { try HDF5Report.value(of: attribute) }
            }
            lines.append(ReportTree(name: "@" + Terminal.visible(name), fields: [value.map(HDF5Report.shown) ?? "cannot be read"]))
            json[name] = value ?? .null
        }
        return (lines, json)
    }

    private static func value(of attribute: HDF5Attribute) throws -> JSON {
        if attribute.datatype.isText || attribute.shape.count == 0 {
            let texts = try attribute.strings()
            return attribute.shape.rank == 0 && texts.count == 1 ? .string(texts[0]) : .array(texts.map(JSON.string))
        }
        guard let dtype = attribute.datatype.dtype, dtype.isNumeric else { return .string("\(attribute.datatype) \(attribute.shape)") }
        let tensor = try attribute.tensor()
        let numbers: [JSON] =
            dtype == .bool
            ? try tensor.scalars(as: Bool.self).map(JSON.bool)
            : dtype.isInteger ? try tensor.scalars(as: Int.self).map(JSON.integer) : try tensor.scalars(as: Double.self).map(JSON.float)
        return tensor.rank == 0 ? numbers[0] : .array(numbers)
    }

    /// A value in one line; of a long one the beginning and its length.
    private static func shown(_ value: JSON) -> String {
        switch value {
        case .string(let text):
            guard text.unicodeScalars.count > 64 else { return "\"\(Terminal.visible(text))\"" }
            var start = String.UnicodeScalarView()
            start += text.unicodeScalars.prefix(60)
            return "\"\(Terminal.visible(String(start)))…\"  (\(Numbers.grouped(text.unicodeScalars.count)) letters)"
        case .array(let items):
            var text = ""
            for (index, item) in items.enumerated() {
                let next = (index > 0 ? ", " : "") + shown(item)
                guard text.unicodeScalars.count + next.unicodeScalars.count <= 60 else {
                    return "[\(text), …]  (\(Numbers.counted(items.count, "entry", "entries")))"
                }
                text += next
            }
            return "[\(text)]"
        default: return value.serialized()
        }
    }
}
