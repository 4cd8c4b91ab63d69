internal import Tensors

/// What the doorman keeps of an element type.
struct DoormanType {
    /// Bytes of one element in the file.
    let size: Int
    /// Bytes of one item, if elements are lists of items in a global heap, as text of variable length is.
    var itemSize: Int?
    /// References into heaps somewhere inside, which nobody follows.
    var holdsReferences = false
}

extension Doorman {
    /// The datatype that stands at `field`. HDF5 File Format Specification IV.A.2.d
    func datatype(_ field: inout DoormanCursor, depth: Int = 0) throws -> DoormanType {
        guard depth < budgets.hdf5DatatypeDepth else {
            throw field.problem("datatypes are nested too deeply", expected: "at most \(budgets.hdf5DatatypeDepth) levels", kind: .resource)
        }
        let head = try field.u8()
        let (version, kind) = (head >> 4, head & 15)
        guard (1...3).contains(version) else {
            throw field.problem("a datatype is of a version that is not known", found: "\(version)", expected: "1 to 3", kind: .unsupported)
        }
        let bits = Int(try field.number(3))
        let size = try field.u32()
        guard size > 0 else { throw field.problem("elements have no size") }
        switch kind {
        case 0, 4: try integer(&field, size: size)
        case 1:
            try check(version < 3 || bits & 0x41 != 0x40, field, "a number's bytes are in an unknown order")
            try float(&field, size: size, bits: bits)
        case 2: try field.skip(2)
        case 3: try check(bits & 15 <= 2 && bits >> 4 & 15 <= 1, field, "text is padded or encoded in an unknown way")
        case 5: try field.skip(bits & 0xFF)
        case 6: return try compound(&field, size: size, members: bits & 0xFFFF, version: version, depth: depth)
        case 7:
            try check(bits & 15 == 0 && size == 8 || bits & 15 == 1 && size == 12, field, "references are of an unknown kind")
            return DoormanType(size: size, holdsReferences: true)
        case 8: try enumeration(&field, size: size, members: bits & 0xFFFF, version: version, depth: depth)
        case 9: return try list(&field, size: size, bits: bits, depth: depth)
        case 10: return try array(&field, size: size, version: version, depth: depth)
        default: throw field.problem("a datatype is of a class that is not known", found: "\(kind)", kind: .unsupported)
        }
        return DoormanType(size: size)
    }

    private func check(_ isRight: Bool, _ field: DoormanCursor, _ sentence: String) throws {
        if !isRight { throw field.problem(sentence) }
    }

    private func integer(_ field: inout DoormanCursor, size: Int) throws {
        let offset = try field.u16()
        let precision = try field.u16()
        try check(precision > 0 && offset + precision <= 8 * size, field, "an integer's bits are outside it")
    }

    private func float(_ field: inout DoormanCursor, size: Int, bits: Int) throws {
        let offset = try field.u16()
        let precision = try field.u16()
        let exponent = (try field.u8(), try field.u8())
        let fraction = (try field.u8(), try field.u8())
        try field.skip(4)
        try check(bits >> 4 & 3 != 3, field, "a number's fraction is normalised in an unknown way")
        try check(
            precision > 0 && offset + precision <= 8 * size && bits >> 8 & 0xFF < offset + precision && exponent.1 > 0 && fraction.1 > 0
                && exponent.0 + exponent.1 <= offset + precision && fraction.0 + fraction.1 <= offset + precision, field,
            "a floating-point number's bits are outside it")
    }

    /// A name, padded to a multiple of eight bytes in the older versions.
    private func memberName(_ field: inout DoormanCursor, version: Int) throws {
        let length = try field.text()
        if version < 3 { try field.skip(7 - length % 8) }
    }

    private func compound(_ field: inout DoormanCursor, size: Int, members: Int, version: Int, depth: Int) throws -> DoormanType {
        try check(members > 0, field, "a compound has no members")
        var taken: [Range<Int>] = []
        var type = DoormanType(size: size)
        for _ in 0..<members {
            try memberName(&field, version: version)
            let offset = Int(try field.number(version < 3 ? 4 : DoormanType.bytes(toCount: UInt64(size))))
            var count = 1
            if version == 1 {
                let rank = try field.u8()
                try check(rank <= 4, field, "a compound's member has too many axes")
                try field.skip(11)
                for axis in 0..<4 {
                    let length = try field.u32()
                    guard axis < rank else { continue }
                    let (next, overflow) = count.multipliedReportingOverflow(by: length)
                    try check(length > 0 && !overflow && next <= size, field, "a compound's member is larger than the compound")
                    count = next
                }
            }
            let member = try datatype(&field, depth: depth + 1)
            let (bytes, overflow) = member.size.multipliedReportingOverflow(by: count)
            try check(!overflow && offset <= size && bytes <= size - offset, field, "a compound's member is outside it")
            taken.append(offset..<offset + bytes)
            type.holdsReferences = type.holdsReferences || member.holdsReferences || member.itemSize != nil
        }
        taken.sort { $0.lowerBound < $1.lowerBound }
        try check(zip(taken, taken.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }, field, "a compound's members overlap")
        return type
    }

    private func enumeration(_ field: inout DoormanCursor, size: Int, members: Int, version: Int, depth: Int) throws {
        try check(members > 0, field, "an enumeration has no members")
        // The base's class is not the library's concern; that values are numbers is.
        let start = field.at
        let base = try datatype(&field, depth: depth + 1)
        try check(base.size == size && file.bytes[start] & 15 == 0, field, "an enumeration's values are not integers of its size")
        // The library would take the enumeration for one of the base's version, and find the names elsewhere.
        try check(file.bytes[start] >> 4 <= version, field, "an enumeration is of an older version than its values")
        for _ in 0..<members { try memberName(&field, version: version) }
        try field.skip(members * size)
    }

    private func list(_ field: inout DoormanCursor, size: Int, bits: Int, depth: Int) throws -> DoormanType {
        try check(bits & 15 <= 1 && bits >> 4 & 15 <= 2 && bits >> 8 & 15 <= 1, field, "a list of variable length is of an unknown kind")
        try check(size == 16, field, "a list of variable length has a size that is not that of its reference")
        let item = try datatype(&field, depth: depth + 1)
        try check(bits & 15 == 0 || item.size == 1, field, "text of variable length has characters of several bytes")
        return DoormanType(size: size, itemSize: item.size)
    }

    private func array(_ field: inout DoormanCursor, size: Int, version: Int, depth: Int) throws -> DoormanType {
        try check(version >= 2, field, "an array is of a version that had none")
        let rank = try field.u8()
        try check((1...budgets.hdf5Rank).contains(rank), field, "an array has too many axes, or none")
        if version == 2 { try field.skip(3) }
        var count = 1
        for _ in 0..<rank {
            let length = try field.u32()
            let (next, overflow) = count.multipliedReportingOverflow(by: length)
            try check(length > 0 && !overflow && next <= size, field, "an array's items do not fit into it")
            count = next
        }
        if version == 2 { try field.skip(4 * rank) }
        let item = try datatype(&field, depth: depth + 1)
        let (bytes, overflow) = item.size.multipliedReportingOverflow(by: count)
        try check(!overflow && bytes == size, field, "an array's items do not fill it")
        return DoormanType(size: size, holdsReferences: item.holdsReferences || item.itemSize != nil)
    }

    /// The datatype of a dataset or an attribute: there, or by reference to a named one.
    mutating func datatype(in message: DoormanCursor, isShared: Bool) throws -> DoormanType {
        var field = message
        guard isShared else { return try datatype(&field) }
        let version = try field.version(1...3, of: "a reference to a datatype")
        let kind = try field.u8()
        guard version == 1 || kind == 2 || version == 2 && kind == 0 else {
            throw field.problem("a datatype is kept elsewhere than in an object of its own", found: "kind \(kind)", kind: .unsupported)
        }
        if version == 1 { try field.skip(14) }
        let address = try field.u64()
        let named = try header(at: address).filter { $0.type == DoormanMessageType.datatype }
        guard named.count == 1, !named[0].isShared, let body = named.first.map(body) else {
            throw field.problem("a reference to a datatype leads to something else")
        }
        try found(address, name: 0..<0)
        var target = body
        return try datatype(&target)
    }
}

extension DoormanType {
    /// Bytes that numbers up to `limit` are written in. H5VM_limit_enc_size
    static func bytes(toCount limit: UInt64) -> Int { max(64 - limit.leadingZeroBitCount - 1, 0) / 8 + 1 }
}
