internal import Storage
internal import Tensors

/// What numpy writes: the forms of ``PickleGlobal``, read.
extension PickleMachine {
    /// What Python would get by calling `function`.
    mutating func reduce(_ function: Reference, _ arguments: Reference) throws -> PickleNode {
        guard case .global(let global) = nodes[Int(function)] else {
            throw KerasError(.malformed, "a pickle calls what is no function", found: nodes[Int(function)].kind)
        }
        let arguments = try tuple(arguments)
        switch global {
        case .reconstruct:
            guard arguments.count == 3, case .global(.ndarray) = nodes[Int(arguments[0])] else { throw wrongArguments("_reconstruct") }
            return .emptyArray
        case .dtype:
            guard let first = arguments.first, arguments.count <= 4 else { throw wrongArguments("dtype") }
            return .dtype(PickleDType(code: try text(first)))
        case .fromBuffer: return .array(try fromBuffer(arguments))
        case .scalar: return try scalar(arguments)
        case .encode: return try encode(arguments)
        case .bytes:
            guard arguments.isEmpty else { throw wrongArguments("bytes") }
            return .bytes(0..<0)
        case .ndarray: throw KerasError(.unsupported, "a pickle makes an array in a way that numpy does not")
        }
    }

    private func wrongArguments(_ function: String) -> KerasError {
        KerasError(.malformed, "a pickle describes an array in a way that numpy does not", found: "other arguments of \(function)")
    }

    // MARK: Values that must be of one kind

    func tuple(_ reference: Reference) throws -> [Reference] {
        guard case .tuple(let items) = nodes[Int(reference)] else { throw unexpected(reference, "a tuple") }
        return items
    }

    func integer(_ reference: Reference) throws -> Int {
        switch nodes[Int(reference)] {
        case .int(let value): return value
        case .bool(let value): return value ? 1 : 0
        default: throw unexpected(reference, "an integer")
        }
    }

    /// Text of Python 3, or Python 2's `str`.
    func text(_ reference: Reference) throws -> String {
        if case .string(let text) = nodes[Int(reference)] { return text }
        guard case .bytes(let range) = nodes[Int(reference)] else {
            guard case .decoded(let buffer) = nodes[Int(reference)] else { throw unexpected(reference, "text") }
            return try buffer.withUnsafeBytes(PickleText.utf8)
        }
        return try reader.text(range)
    }

    func shape(_ reference: Reference) throws -> Shape {
        let items = try tuple(reference)
        guard items.count <= NPYHeader.maximumRank else {
            throw KerasError(
                .malformed, "an array of a pickle has too many axes", found: "\(items.count)", expected: "at most \(NPYHeader.maximumRank)")
        }
        return try Shape(checking: try items.map(integer))
    }

    private func dtype(_ reference: Reference) throws -> PickleDType {
        guard case .dtype(let dtype) = nodes[Int(reference)] else { throw unexpected(reference, "a dtype") }
        return dtype
    }

    func unexpected(_ reference: Reference, _ expected: String) -> KerasError {
        KerasError(
            .malformed, "a pickle describes an array in a way that numpy does not", found: nodes[Int(reference)].kind, expected: expected)
    }

    // MARK: Arrays

    /// An array's state: `(1, shape, dtype, is_fortran, data)`, in very old files without the number in front.
    func arrayState(_ reference: Reference) throws -> PickleArray {
        var items = try tuple(reference)[...]
        if items.count == 5 {
            let version = try integer(items.removeFirst())
            guard version == 0 || version == 1 else {
                throw KerasError(.unsupported, "an array of a pickle has a state of an unknown version", found: "\(version)", expected: "1")
            }
        }
        guard items.count == 4 else { throw wrongArguments("__setstate__") }
        let start = items.startIndex
        return PickleArray(
            shape: try shape(items[start]), dtype: try dtype(items[start + 1]), isFortran: try integer(items[start + 2]) != 0,
            data: items[start + 3])
    }

    /// `_frombuffer(bytes, dtype, shape, order[, axis_order])`.
    private func fromBuffer(_ arguments: [Reference]) throws -> PickleArray {
        guard arguments.count == 4 || arguments.count == 5 else { throw wrongArguments("_frombuffer") }
        let order = try text(arguments[3])
        guard ["C", "F", "K", "A"].contains(order) else { throw wrongArguments("_frombuffer") }
        var array = PickleArray(
            shape: try shape(arguments[2]), dtype: try dtype(arguments[1]), isFortran: order == "F", data: arguments[0])
        if order == "K", arguments.count == 5, case .tuple(let items) = nodes[Int(arguments[4])] {
            guard items.count == array.shape.rank else { throw wrongArguments("_frombuffer") }
            let axes = try items.map(integer)
            guard axes.sorted() == Array(0..<items.count) else { throw wrongArguments("_frombuffer") }
            array.axes = axes
        }
        return array
    }

    /// A number that a Swift type holds exactly becomes one; anything else stays an array without axes.
    private func scalar(_ arguments: [Reference]) throws -> PickleNode {
        guard arguments.count == 2 else { throw wrongArguments("scalar") }
        let dtype = try dtype(arguments[0])
        guard !dtype.isObject else { throw KerasError(.unsupported, "a pickle holds an object in a number's place") }
        let array = PickleArray(shape: [], dtype: dtype, isFortran: false, data: arguments[1])
        let element = try dtype.element()
        guard let type = element.dtype.scalarType, element.dtype.size == element.size || element.dtype == .float64 else {
            return .array(array)
        }
        return try withBytes(of: arguments[1]) { bytes in
            guard bytes.count == element.size, let address = bytes.baseAddress else {
                throw KerasError(
                    .malformed, "a number of a pickle has another size than its type", found: "\(bytes.count) bytes",
                    expected: "\(element.size)")
            }
            func value<T: TensorScalar>(_: T.Type) -> PickleNode {
                // The one byte of a truth value may be any.
                if element.dtype == .bool { return .bool(bytes[0] != 0) }
                return withUnsafeTemporaryAllocation(of: T.self, capacity: 1) { target in
                    element.convert(address, UnsafeMutableRawPointer(target.baseAddress!), count: 1)
                    let number = target[0]
                    if !T.isInteger { return .float(number.double) }
                    // Beyond Int.max only an unsigned 64-bit type goes.
                    return element.dtype == .uint64 && number.wide < 0 ? .array(array) : .int(Int(number.wide))
                }
            }
            return value(type)
        }
    }

    /// `encode(text, 'latin1')`: each character is a byte.
    private mutating func encode(_ arguments: [Reference]) throws -> PickleNode {
        guard (1...2).contains(arguments.count), case .string(let text) = nodes[Int(arguments[0])] else { throw wrongArguments("encode") }
        let encoding = arguments.count == 2 ? try self.text(arguments[1]) : "utf-8"
        guard encoding == "latin1" || encoding == "latin-1" else {
            throw KerasError(
                .unsupported, "a pickle encodes bytes in an unknown way", found: "'\(encoding.prefixed(40))'", expected: "'latin1'")
        }
        let count = text.unicodeScalars.count
        try chargeCopy(count)
        let buffer = try Buffer.uninitialized(count: count)
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard let byte = UInt8(exactly: scalar.value) else {
                throw KerasError(.malformed, "a character of a pickle is no byte", found: "U+" + String(scalar.value, radix: 16))
            }
            buffer.bytes[index] = byte
        }
        return .decoded(buffer)
    }
}
