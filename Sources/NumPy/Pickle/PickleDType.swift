internal import Storage
internal import Tensors

/// A numpy dtype as a pickle describes it: the literal that a `.npy` header would have in its place, so that both are read by one reader.
struct PickleDType {
    typealias Reference = PickleNode.Reference

    /// numpy's code without the byte order: `f4`, `V12`, `O8`.
    private let code: String
    /// `<`, `>`, `|` or `=`.
    private var order: Character = "="
    /// The unit of dates and durations: `[3D]`.
    private var unit = ""
    /// In place of the code, for structures and sub-arrays.
    private var literal: PythonLiteral?
    /// Fields in all, and how deep structures stand in it: what unfolding the literal costs.
    private var fields = 1
    private var depth = 0
    /// Bytes of an element, as far as a structure needs to know its fields'.
    private var itemSize = 0
    private var hasObjects: Bool

    init(code: String) {
        var code = code[...]
        if let first = code.first, "<>|=".contains(first) {
            order = first
            code.removeFirst()
        }
        self.code = String(code)
        hasObjects = code.first == "O"
    }

    /// True for Python's objects themselves.
    var isObject: Bool { literal == nil && code.first == "O" }

    /// What an array's elements are.
    ///
    /// - Throws: `unsupported` problems for those that have no form here.
    func element() throws -> NPYElement {
        guard case .elements(let element) = try NPYDescription.read(description, text: literal == nil ? "'\(text)'" : "fields") else {
            throw KerasError(.unsupported, "a structure of a pickle holds Python objects")
        }
        return element
    }

    private var text: String { "\(order == "=" ? "" : String(order))\(code)\(unit)" }

    /// As a header has it.
    private var description: PythonLiteral { literal ?? .string(text) }

    // MARK: Its state

    /// The dtype with the state `(3, order, subdtype, names, fields, itemsize, alignment, flags[, metadata])`.
    ///
    /// - Throws: `malformed` problems; `unsupported` for one of another version, `resource` for too many fields.
    func with(state: Reference, in machine: PickleMachine) throws -> PickleDType {
        let items = try machine.tuple(state)
        guard items.count >= 8 else { throw machine.unexpected(state, "a dtype's state") }
        let version = try machine.integer(items[0])
        guard version == 3 || version == 4 else {
            throw KerasError(.unsupported, "a dtype of a pickle has a state of an unknown version", found: "\(version)", expected: "3 or 4")
        }
        var result = self
        let order = try machine.text(items[1])
        guard order.count == 1, let character = order.first, "<>|=".contains(character) else {
            throw KerasError(.malformed, "a dtype of a pickle has an unknown byte order", found: "'\(order.prefixed(20))'")
        }
        result.order = character
        result.itemSize = max(try machine.integer(items[5]), 0)
        if case .tuple(let parts) = machine.nodes[Int(items[2])] {
            try result.setSubarray(parts, machine)
        } else if case .tuple(let names) = machine.nodes[Int(items[3])] {
            try result.setFields(names, items[4], machine)
        }
        if items.count > 8, code == "M8" || code == "m8" { result.unit = try PickleDType.unit(items[8], machine) }
        return result
    }

    private mutating func include(_ other: PickleDType, _ machine: PickleMachine) throws {
        fields += other.fields
        depth = max(depth, other.depth + 1)
        hasObjects = hasObjects || other.hasObjects
        guard fields <= machine.limits.fields, depth < 16 else {
            throw KerasError(
                .resource, "a structure of a pickle has too many fields", expected: "at most \(machine.limits.fields), 16 deep")
        }
    }

    private mutating func setSubarray(_ parts: [Reference], _ machine: PickleMachine) throws {
        guard parts.count == 2, case .dtype(let base) = machine.nodes[Int(parts[0])] else {
            throw KerasError(.malformed, "a dtype of a pickle is an array of nothing")
        }
        try include(base, machine)
        let shape: [Int]
        if case .int(let length) = machine.nodes[Int(parts[1])] { shape = [length] } else { shape = try machine.shape(parts[1]).dims }
        literal = .tuple([base.description, .tuple(shape.map(PythonLiteral.integer))])
    }

    private mutating func setFields(_ names: [Reference], _ table: Reference, _ machine: PickleMachine) throws {
        guard case .dict(let entries) = machine.nodes[Int(table)] else { throw machine.unexpected(table, "a dictionary of fields") }
        guard names.count <= machine.limits.fields, entries.count / 4 <= machine.limits.fields else {
            throw KerasError(.resource, "a structure of a pickle has too many fields", expected: "at most \(machine.limits.fields)")
        }
        var places: [String: (dtype: PickleDType, offset: Int, title: String?)] = [:]
        for index in stride(from: 0, to: entries.count, by: 2) {
            let parts = try machine.tuple(entries[index + 1])
            guard parts.count >= 2, case .dtype(let dtype) = machine.nodes[Int(parts[0])] else {
                throw KerasError(.malformed, "a field of a structure has no dtype")
            }
            let title: String? = if parts.count > 2, case .string(let title) = machine.nodes[Int(parts[2])] { title } else { nil }
            places[try machine.text(entries[index])] = (dtype, try machine.integer(parts[1]), title)
        }
        // As numpy writes it into a header: gaps are fields without a name.
        var list: [PythonLiteral] = []
        var position = 0
        func gap(_ count: Int) { if count > 0 { list.append(.tuple([.string(""), .string("|V\(count)")])) } }
        for reference in names {
            let name = try machine.text(reference)
            guard let (dtype, offset, title) = places[name] else {
                throw KerasError(.malformed, "a structure has no field of one of its names", found: "'\(name.prefixed(60))'")
            }
            try include(dtype, machine)
            guard offset >= position, offset <= itemSize else {
                throw KerasError(.unsupported, "the fields of a structure overlap", found: "'\(name.prefixed(60))' at byte \(offset)")
            }
            gap(offset - position)
            let key = title.map { PythonLiteral.tuple([.string($0), .string(name)]) } ?? .string(name)
            list.append(.tuple([key, dtype.description]))
            position = offset + (try dtype.byteCount())
        }
        gap(itemSize - position)
        literal = .list(list)
    }

    /// Bytes of an element: for structures as their state says, else by the type.
    private func byteCount() throws -> Int { literal != nil ? itemSize : hasObjects ? 8 : try element().size }

    /// `(None, (b'D', 3, 1, 1))` is `[3D]`.
    private static func unit(_ reference: Reference, _ machine: PickleMachine) throws -> String {
        let parts = try machine.tuple(reference)
        guard parts.count == 2 else { throw machine.unexpected(reference, "a unit of dates") }
        let unit = try machine.tuple(parts[1])
        guard unit.count == 4 else { throw machine.unexpected(parts[1], "a unit of dates") }
        let name = try machine.text(unit[0])
        let (count, divisor) = (try machine.integer(unit[1]), try machine.integer(unit[2]))
        guard divisor == 1, try machine.integer(unit[3]) == 1 else {
            throw KerasError(
                .unsupported, "a date of a pickle counts in parts of a unit", found: "\(count)/\(divisor) \(name.prefixed(20))")
        }
        return name == "generic" ? "" : count == 1 ? "[\(name)]" : "[\(count)\(name)]"
    }
}
