internal import Storage
internal import Tensors

/// Runs a pickle's instructions on values of our own: Python's stack machine without Python.
///
/// It makes numbers, text, collections and numpy's arrays, and calls nothing: where Python would call what the pickle names, one of the forms of
/// ``PickleGlobal`` is read, and any other name is refused. There is no recursion, and each instruction takes time and memory for its own bytes
/// only.
struct PickleMachine {
    typealias Reference = PickleNode.Reference

    var reader: PickleReader
    let limits: PickleLimits
    private(set) var nodes: [PickleNode] = []
    private var stack: [Reference] = []
    /// The heights of the stack at which marks stand.
    private var marks: [Int] = []
    private var memo: [Int: Reference] = [:]
    /// Bytes copied so far.
    private var copied = 0
    /// Where the instruction began that runs.
    private(set) var instruction = 0

    init(_ source: Buffer, limits: PickleLimits) {
        reader = PickleReader(source)
        self.limits = limits
    }

    /// Runs to the end.
    ///
    /// - Returns: the value that is left.
    /// - Throws: `policy` problems for what is not data, by name; `malformed` for what is no pickle, `unsupported` for values that have no form
    ///   here, `resource` for sizes beyond the limits.
    mutating func run() throws -> Reference {
        // A place is told once, where the error passes.
        do { return try runAll() } catch let error as KerasError { throw error.placed(Place(offset: instruction)) }
    }

    private mutating func runAll() throws -> Reference {
        for _ in 0..<limits.operations {
            instruction = reader.position
            let byte = try reader.byte()
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw KerasError(
                    .malformed, instruction == 0 ? "this is no pickle" : "a pickle has an unknown instruction",
                    found: "0x" + String(byte, radix: 16))
            }
            if opcode == .stop { return try pop() }
            try execute(opcode)
        }
        throw tooMany("instructions", limits.operations)
    }

    private func tooMany(_ what: String, _ limit: Int) -> KerasError {
        KerasError(.resource, "a pickle has too many \(what)", expected: "at most \(limit)")
    }

    // MARK: Stack, memo and values

    private mutating func push(_ node: PickleNode) throws {
        guard nodes.count < limits.values else { throw tooMany("values", limits.values) }
        stack.append(Reference(nodes.count))
        nodes.append(node)
    }

    private var stackIsEmpty: KerasError { KerasError(.malformed, "a pickle takes more values than it has made") }

    /// Values below a mark are out of reach.
    private mutating func pop() throws -> Reference {
        guard stack.count > marks.last ?? 0, let top = stack.popLast() else { throw stackIsEmpty }
        return top
    }

    private func top() throws -> Reference {
        guard stack.count > marks.last ?? 0, let top = stack.last else { throw stackIsEmpty }
        return top
    }

    private mutating func popMarked() throws -> [Reference] {
        guard let mark = marks.popLast() else { throw KerasError(.malformed, "a pickle takes values from a mark it has not set") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func popText() throws -> String {
        let node = nodes[Int(try pop())]
        guard case .string(let text) = node else { throw KerasError(.malformed, "a name in a pickle is not text", found: node.kind) }
        return text
    }

    private mutating func remember(_ index: Int) throws {
        guard index >= 0 else { throw KerasError(.malformed, "a value of a pickle is kept under a number that is none", found: "\(index)") }
        guard memo.count < limits.memo || memo[index] != nil else { throw tooMany("values to keep", limits.memo) }
        memo[index] = try top()
    }

    private mutating func recall(_ index: Int) throws {
        guard let value = memo[index] else {
            throw KerasError(.malformed, "a pickle recalls a value it has not kept", found: "number \(index)")
        }
        // What stands on the stack counts as a value: recalling costs two bytes only.
        guard stack.count < limits.values else { throw tooMany("values", limits.values) }
        stack.append(value)
    }

    /// - Throws: a `resource` problem if copying so many bytes more is out of proportion to the pickle.
    mutating func chargeCopy(_ count: Int) throws {
        copied += count
        guard copied <= limits.copies * reader.source.count else {
            throw KerasError(
                .resource, "a pickle unfolds to more than it holds", found: "\(copied) bytes",
                expected: "at most \(limits.copies) times its \(reader.source.count)")
        }
    }

    /// Runs `body` on the bytes of a value that is bytes.
    func withBytes<R>(of reference: Reference, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        switch nodes[Int(reference)] {
        case .bytes(let range): try reader.source.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        case .decoded(let buffer): try buffer.withUnsafeBytes(body)
        case let node: throw KerasError(.malformed, "an array's elements are not bytes", found: node.kind)
        }
    }

    // MARK: Instructions

    private mutating func execute(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .stop: break
        case .proto:
            let version = try reader.byte()
            guard version <= 5 else {
                throw KerasError(.unsupported, "the pickle has an unknown protocol", found: "\(version)", expected: "0 to 5")
            }
        case .frame:
            // A hint for reading ahead, which must not promise more than there is.
            let count = try reader.integer(UInt64.self)
            guard count <= UInt64(reader.rest) else {
                throw KerasError(
                    .malformed, "a frame of the pickle is longer than the rest of it", found: "\(count) bytes", expected: "\(reader.rest)")
            }
        case .mark: marks.append(stack.count)
        case .pop:
            // As Python: it takes a mark where nothing stands on it.
            if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try popMarked()
        case .dup:
            guard stack.count < limits.values else { throw tooMany("values", limits.values) }
            stack.append(try top())
        case .none, .newTrue, .newFalse, .int, .long, .binInt, .binInt1, .binInt2, .long1, .long4, .float, .binFloat: try number(opcode)
        case .string, .binString, .shortBinString, .binBytes, .shortBinBytes, .binBytes8, .byteArray8, .unicode, .binUnicode,
            .shortBinUnicode, .binUnicode8:
            try string(opcode)
        case .emptyList, .list, .append, .appends, .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3, .emptyDict, .dict, .setItem, .setItems,
            .emptySet, .addItems, .frozenSet:
            try collection(opcode)
        case .put: try remember(try PickleNumber.integer(try reader.shortLine(limit: limits.line)))
        case .binPut: try remember(Int(try reader.byte()))
        case .longBinPut: try remember(Int(try reader.integer(UInt32.self)))
        case .memoize: try remember(memo.count)
        case .get: try recall(try PickleNumber.integer(try reader.shortLine(limit: limits.line)))
        case .binGet: try recall(Int(try reader.byte()))
        case .longBinGet: try recall(Int(try reader.integer(UInt32.self)))
        case .global:
            let module = try reader.shortLine(limit: limits.line)
            try push(.global(try PickleGlobal(.init(module: module, name: try reader.shortLine(limit: limits.line)))))
        case .stackGlobal:
            let name = try popText()
            try push(.global(try PickleGlobal(.init(module: try popText(), name: name))))
        case .reduce:
            let (arguments, function) = (try pop(), try pop())
            try push(try reduce(function, arguments))
        case .build:
            let state = try pop()
            try build(try top(), state)
        case .inst:
            let module = try reader.shortLine(limit: limits.line)
            throw PickleGlobal.refused("\(module).\(try reader.shortLine(limit: limits.line))")
        case .obj, .newObj, .newObjEx: throw PickleGlobal.refused("an object of a class (\(opcode))")
        case .ext1, .ext2, .ext4: throw PickleGlobal.refused("a registered extension (\(opcode))")
        case .persID, .binPersID: throw PickleGlobal.refused("an object outside of the pickle (\(opcode))")
        case .nextBuffer, .readOnlyBuffer:
            throw KerasError(.unsupported, "a pickle leaves its bytes in other places (out-of-band buffers)", found: "\(opcode)")
        }
    }

    private mutating func number(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .int:
            let text = try reader.shortLine(limit: limits.line)
            // The only way protocol 0 has to say them.
            try push(text == "01" ? .bool(true) : text == "00" ? .bool(false) : .int(try PickleNumber.integer(text)))
        case .long: try push(.int(try PickleNumber.integer(try reader.shortLine(limit: limits.line))))
        case .binInt: try push(.int(Int(try reader.integer(Int32.self))))
        case .binInt1: try push(.int(Int(try reader.byte())))
        case .binInt2: try push(.int(Int(try reader.integer(UInt16.self))))
        case .long1: try long(UInt64(try reader.byte()))
        case .long4:
            let count = try reader.integer(Int32.self)
            guard count >= 0 else { throw KerasError(.malformed, "a length in the pickle is negative", found: "\(count)") }
            try long(UInt64(count))
        case .float: try push(.float(try PickleNumber.float(try reader.shortLine(limit: limits.line))))
        case .binFloat: try push(.float(try reader.bigEndianDouble()))
        default: try push(.none)
        }
    }

    private mutating func long(_ count: UInt64) throws {
        let range = try reader.range(count)
        try push(.int(try reader.source.withUnsafeBytes { try PickleNumber.integer(UnsafeRawBufferPointer(rebasing: $0[range])) }))
    }

    private mutating func string(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .binString:
            let count = try reader.integer(Int32.self)
            guard count >= 0 else { throw KerasError(.malformed, "a length in the pickle is negative", found: "\(count)") }
            try push(.bytes(try reader.range(UInt64(count))))
        case .shortBinString, .shortBinBytes: try push(.bytes(try reader.range(UInt64(try reader.byte()))))
        case .binBytes: try push(.bytes(try reader.range(UInt64(try reader.integer(UInt32.self)))))
        case .binBytes8, .byteArray8: try push(.bytes(try reader.range(try reader.integer(UInt64.self))))
        case .string:
            let line = try reader.line()
            try chargeCopy(line.count)
            let bytes = try reader.source.withUnsafeBytes { try PickleText.quoted(UnsafeRawBufferPointer(rebasing: $0[line])) }
            try push(.decoded(try .copy(of: bytes)))
        case .unicode:
            let line = try reader.line()
            try chargeCopy(line.count)
            try push(
                .string(try reader.source.withUnsafeBytes { try PickleText.rawUnicodeEscape(UnsafeRawBufferPointer(rebasing: $0[line])) }))
        case .shortBinUnicode: try push(.string(try reader.text(try reader.range(UInt64(try reader.byte())))))
        case .binUnicode: try push(.string(try reader.text(try reader.range(UInt64(try reader.integer(UInt32.self))))))
        default: try push(.string(try reader.text(try reader.range(try reader.integer(UInt64.self)))))
        }
    }

    private mutating func collection(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .emptyList: try push(.list([]))
        case .list: try push(.list(try popMarked()))
        case .append: try add([try pop()])
        case .appends, .addItems, .setItems: try add(try popMarked())
        case .setItem:
            let value = try pop()
            try add([try pop(), value])
        case .emptyTuple: try push(.tuple([]))
        case .tuple: try push(.tuple(try popMarked()))
        case .tuple1: try push(.tuple([try pop()]))
        case .tuple2:
            let second = try pop()
            try push(.tuple([try pop(), second]))
        case .tuple3:
            let (third, second) = (try pop(), try pop())
            try push(.tuple([try pop(), second, third]))
        case .emptySet: try push(.set([]))
        case .frozenSet: try push(.set(try popMarked()))
        case .dict: try push(.dict(try pairs(try popMarked())))
        default: try push(.dict([]))
        }
    }

    private func pairs(_ items: [Reference]) throws -> [Reference] {
        guard items.count % 2 == 0 else { throw KerasError(.malformed, "a dictionary of a pickle has a key without a value") }
        return items
    }

    /// Puts `items` into the collection on the stack, in place: copying it each time would take the square of its length.
    private mutating func add(_ items: [Reference]) throws {
        let target = Int(try top())
        let node = nodes[target]
        nodes[target] = .none
        switch consume node {
        case .list(var list):
            list += items
            nodes[target] = .list(list)
        case .set(var set):
            set += items
            nodes[target] = .set(set)
        case .dict(var dict):
            dict += try pairs(items)
            nodes[target] = .dict(dict)
        case let other: throw KerasError(.malformed, "a pickle adds to what is no collection", found: other.kind)
        }
    }

    private mutating func build(_ target: Reference, _ state: Reference) throws {
        switch nodes[Int(target)] {
        case .dtype(let dtype): nodes[Int(target)] = .dtype(try dtype.with(state: state, in: self))
        case .emptyArray: nodes[Int(target)] = .array(try arrayState(state))
        case .array: throw KerasError(.malformed, "a pickle gives an array its elements twice")
        case let other: throw PickleGlobal.refused("the state of \(other.kind)")
        }
    }
}
