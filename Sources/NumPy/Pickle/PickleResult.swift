internal import Storage
internal import Tensors

/// Makes a ``PickleValue`` of what a pickle's instructions left.
///
/// Values that refer to one another become values in one another: shared ones are made once and stay shared in memory, but whoever walks
/// through the result meets them at every place, so that all places together are bounded; and a value that holds itself cannot be.
struct PickleResult {
    typealias Reference = PickleNode.Reference

    private var machine: PickleMachine
    /// Collections that are made, with the number of values in them.
    private var done: [Reference: (value: PickleValue, count: Int)] = [:]

    init(_ machine: PickleMachine) { self.machine = machine }

    /// - Throws: `resource` problems for results beyond the limits, `malformed` for arrays that do not fit their elements, `unsupported` for
    ///   values that have no form here.
    mutating func value(of reference: Reference) throws -> PickleValue { try make(reference, depth: 0).value }

    private mutating func make(_ reference: Reference, depth: Int) throws -> (value: PickleValue, count: Int) {
        switch machine.nodes[Int(reference)] {
        case .none: return (.none, 1)
        case .bool(let value): return (.bool(value), 1)
        case .int(let value): return (.int(value), 1)
        case .float(let value): return (.float(value), 1)
        case .string(let text): return (.string(text), 1)
        case .bytes(let range): return (.bytes(machine.reader.source.view(range)), 1)
        case .decoded(let buffer): return (.bytes(buffer), 1)
        case .list, .tuple, .set, .dict, .array: break
        case .global, .dtype, .emptyArray:
            let kind = machine.nodes[Int(reference)].kind
            throw KerasError(
                .unsupported, "a pickle holds a value that is no data by itself", found: kind, expected: "numbers, text, arrays")
        }
        if let known = done[reference] { return known }
        guard depth < machine.limits.depth else {
            throw KerasError(
                .resource, "a pickle's values are nested too deeply, or hold themselves", expected: "at most \(machine.limits.depth) deep")
        }
        let made = try makeCollection(reference, depth: depth + 1)
        done[reference] = made
        return made
    }

    private mutating func makeCollection(_ reference: Reference, depth: Int) throws -> (value: PickleValue, count: Int) {
        switch machine.nodes[Int(reference)] {
        case .list(let items):
            let (values, count) = try makeAll(items, depth: depth)
            return (.list(values), count)
        case .tuple(let items):
            let (values, count) = try makeAll(items, depth: depth)
            return (.tuple(values), count)
        case .set(let items):
            let (values, count) = try makeAll(items, depth: depth)
            return (.set(values), count)
        case .dict(let items):
            let (values, count) = try makeAll(items, depth: depth)
            return (.dict(try PickleResult.dictionary(values)), count)
        case .array(let array):
            if array.dtype.isObject { return try objects(array, depth: depth) }
            return (.tensor(try tensor(array)), 1)
        default: return (.none, 1)
        }
    }

    private mutating func makeAll(_ items: [Reference], depth: Int) throws -> ([PickleValue], Int) {
        var values: [PickleValue] = []
        values.reserveCapacity(items.count)
        var count = 1
        for item in items {
            let made = try make(item, depth: depth)
            values.append(made.value)
            count += made.count
            guard count <= machine.limits.values else {
                throw KerasError(
                    .resource, "a pickle unfolds to too many values",
                    expected: "at most \(machine.limits.values), shared ones counted each time")
            }
        }
        return (values, count)
    }

    /// As Python: the last value of a key, at the place of the first.
    private static func dictionary(_ values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
        var entries: [(key: PickleValue, value: PickleValue)] = []
        entries.reserveCapacity(values.count / 2)
        var places: [PickleKey: Int] = [:]
        for index in stride(from: 0, to: values.count, by: 2) {
            let key = try PickleKey(values[index])
            if let place = places[key] {
                entries[place].value = values[index + 1]
            } else {
                places[key] = entries.count
                entries.append((values[index], values[index + 1]))
            }
        }
        return entries
    }

    // MARK: Arrays

    private mutating func objects(_ array: PickleArray, depth: Int) throws -> (value: PickleValue, count: Int) {
        guard case .list(let items) = machine.nodes[Int(array.data)] else {
            throw machine.unexpected(array.data, "a list of objects")
        }
        guard items.count == array.shape.count else {
            throw KerasError(
                .malformed, "an array of objects has another number of them than its shape", found: "\(items.count)",
                expected: "\(array.shape.count) for \(array.shape)")
        }
        // numpy lists them in row-major order, however they stand in its memory.
        let (values, count) = try makeAll(items, depth: depth)
        return (.objects(ObjectArray(shape: array.shape, elements: values)), count)
    }

    private mutating func tensor(_ array: PickleArray) throws -> Tensor {
        let element = try array.dtype.element()
        let (byteCount, overflow) = array.shape.count.multipliedReportingOverflow(by: element.size)
        let found = try machine.withBytes(of: array.data) { $0.count }
        guard !overflow, byteCount == found else {
            throw KerasError(
                .malformed, "an array of a pickle has another size than its shape", found: "\(found) bytes",
                expected: overflow ? "elements of \(element.size) bytes for \(array.shape)" : "\(byteCount) for \(array.shape)")
        }
        guard element.size > 0 || array.shape.count <= NPYHeader.maximumEmptyElements else {
            throw KerasError(
                .resource, "an array has too many elements for such that have no bytes", found: "\(array.shape)",
                expected: "at most \(NPYHeader.maximumEmptyElements)")
        }
        var buffer =
            switch machine.nodes[Int(array.data)] {
            case .bytes(let range): machine.reader.source.view(range)
            case .decoded(let decoded): decoded
            default: try Buffer(count: 0)
            }
        if !element.isPlain {
            try machine.chargeCopy(byteCount)
            let ordered = try Buffer.uninitialized(count: array.shape.count * element.dtype.size)
            buffer.withUnsafeBytes { source in
                guard let from = source.baseAddress, let to = ordered.bytes.baseAddress else { return }
                element.convert(from, to, count: array.shape.count)
            }
            buffer = ordered
        }
        let reversed = Shape(Array(array.shape.dims.reversed())).strides.reversed()
        let strides = array.isFortran ? reversed.map { $0 * element.dtype.size } : nil
        let tensor = Tensor(dtype: element.dtype, shape: array.shape, byteStrides: strides, buffer: buffer)
        return array.axes.map { tensor.transposed($0) } ?? tensor
    }
}

/// What a dictionary's key is equal by, as in Python: `1`, `1.0` and `True` are one key.
private enum PickleKey: Hashable {
    case none
    case int(Int)
    case float(UInt64)
    case string(String)
    case bytes([UInt8])

    /// - Throws: an `unsupported` problem for a key that is no plain value.
    init(_ value: PickleValue) throws {
        switch value {
        case .none: self = .none
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .float(let value): self = Int(exactly: value).map(PickleKey.int) ?? .float(value.bitPattern)
        case .string(let text): self = .string(text)
        case .bytes(let buffer) where buffer.count <= 1 << 12: self = .bytes(buffer.withUnsafeBytes { Array($0) })
        default: throw KerasError(.unsupported, "a dictionary of a pickle has a key that is no number or text", found: value.kind)
        }
    }
}
