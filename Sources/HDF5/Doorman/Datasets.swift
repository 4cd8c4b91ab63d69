internal import Tensors

/// The shape that a dataspace declares.
struct DoormanSpace {
    let dims: [UInt64]
    /// The product of `dims`; 1 for a scalar, 0 for an empty one.
    let count: UInt64
}

extension Doorman {
    private typealias Message = DoormanMessageType
    private static let undefined = UInt64.max

    mutating func visitDataset(_ address: UInt64, _ single: [Int: DoormanMessage]) throws {
        guard let space = single[Message.dataspace], let type = single[Message.datatype], let layout = single[Message.layout] else {
            throw KerasError(
                .malformed, "a dataset lacks its shape, its element type or its storage", at: Place(offset: file.offset(address)))
        }
        if let external = single[Message.externalFiles] {
            refuse(.policy, "a dataset whose elements are outside the file is not read", found: "a list of external files")
            var field = body(external)
            _ = try field.version(1...1, of: "a list of external files")
            return
        }
        let shape = try dataspace(body(space))
        let element = try datatype(in: body(type), isShared: type.isShared)
        try checkFill(single, element)
        let filters = try single[Message.filters].map { try self.filters(body($0)) } ?? []
        try self.layout(body(layout), DoormanDataset(header: address, shape: shape, type: element, filters: filters))
    }

    /// HDF5 File Format Specification IV.A.2.b
    func dataspace(_ field: DoormanCursor) throws -> DoormanSpace {
        var field = field
        let version = try field.version(1...2, of: "a shape")
        let rank = try field.u8()
        let flags = try field.u8()
        guard rank <= budgets.hdf5Rank else {
            throw field.problem("a shape has too many axes", found: "\(rank)", expected: "at most \(budgets.hdf5Rank)", kind: .resource)
        }
        guard flags & ~1 == 0 else {
            throw field.problem("a shape has flags that are not known", found: "\(flags)", kind: .unsupported)
        }
        let kind = version == 2 ? try field.u8() : rank > 0 ? 1 : 0
        if version == 1 { try field.skip(5) }
        guard kind <= 2, kind == 1 || rank == 0 else {
            throw field.problem("a shape is of an unknown kind", found: "\(kind) with \(rank) axes")
        }
        if kind == 2 { return DoormanSpace(dims: [], count: 0) }
        var dims: [UInt64] = []
        var count: UInt64 = 1
        for _ in 0..<rank {
            let length = try field.u64()
            let (next, overflow) = count.multipliedReportingOverflow(by: length)
            // One zero makes the product zero, and the others' product may still overflow somewhere else.
            guard !overflow, length <= UInt64(budgets.hdf5Elements), next <= UInt64(budgets.hdf5Elements) else {
                throw field.problem(
                    "a shape has too many elements", found: "an axis of \(length)", expected: "at most \(budgets.hdf5Elements)",
                    kind: .resource)
            }
            count = next
            dims.append(length)
        }
        if flags & 1 != 0 {
            for length in dims {
                guard try field.u64() >= length else { throw field.problem("an axis is longer than it may become", found: "\(length)") }
            }
        }
        return DoormanSpace(dims: dims, count: count)
    }

    /// What elements are that were never written. HDF5 File Format Specification IV.A.2.e, f
    private mutating func checkFill(_ single: [Int: DoormanMessage], _ type: DoormanType) throws {
        for message in [single[Message.oldFill], single[Message.fill]].compactMap({ $0 }) {
            var field = body(message)
            var isDefined = true
            if message.type == Message.fill {
                let version = try field.version(1...3, of: "a fill value")
                if version == 3 {
                    let flags = try field.u8()
                    guard flags & ~0x3F == 0, flags & 0x30 != 0x30 else { throw field.problem("a fill value has flags that are not known") }
                    isDefined = flags & 0x20 != 0
                } else {
                    try field.skip(2)
                    isDefined = try field.u8() != 0 || version == 1
                }
            }
            guard isDefined else { continue }
            // The size is signed to the library; negative it means that there is none.
            let size = Int(Int32(truncatingIfNeeded: try field.u32()))
            guard size > 0 else { continue }
            guard size == type.size else {
                throw field.problem("a fill value is not one element", found: "\(size) bytes", expected: "\(type.size)")
            }
            let value = try field.part(size)
            if let item = type.itemSize {
                var left = listBytes
                try variable(at: value.at, itemSize: item, left: &left)
            }
        }
    }

    /// HDF5 File Format Specification IV.A.2.l
    private func filters(_ field: DoormanCursor) throws -> [HDF5DeflatedChunks.Filter] {
        var field = field
        let version = try field.version(1...2, of: "a list of filters")
        let count = try field.u8()
        guard count <= 32 else { throw field.problem("there are too many filters", found: "\(count)", expected: "at most 32") }
        if version == 1 { try field.skip(6) }
        return try (0..<count).map { _ in
            let number = try field.u16()
            let nameLength = version == 1 || number >= 256 ? try field.u16() : 0
            try field.skip(2)
            let values = try field.u16()
            let name = try field.part(version == 1 ? (nameLength + 7) / 8 * 8 : nameLength)
            guard nameLength == 0 || file.bytes[name.at..<name.end].contains(0) else { throw name.problem("a filter's name has no end") }
            var first = 0
            for index in 0..<values {
                let value = try field.u32()
                if index == 0 { first = value }
            }
            if version == 1 && values % 2 == 1 { try field.skip(4) }
            switch number {
            case 1:
                guard values == 1, first <= 9 else { throw field.problem("the deflate filter has wrong settings") }
                return .deflate
            case 2:
                guard values == 1, first > 0 else { throw field.problem("the shuffle filter has wrong settings") }
                return .shuffle(elementSize: first)
            case 3:
                guard values == 0 else { throw field.problem("the fletcher32 filter has wrong settings") }
                return .fletcher32
            default: return .other
            }
        }
    }

    // MARK: Attributes

    /// One attribute, in a header or in a heap. HDF5 File Format Specification IV.A.2.m
    ///
    /// - Returns: where its name stands.
    @discardableResult mutating func attribute(_ field: DoormanCursor) throws -> Range<Int> {
        var field = field
        let version = try field.version(1...3, of: "an attribute")
        let flags = try field.u8()
        guard version == 1 || flags & ~3 == 0 else { throw field.problem("an attribute has flags that are not known", found: "\(flags)") }
        let isTypeShared = version > 1 && flags & 1 != 0
        guard version == 1 || flags & 2 == 0 else {
            throw field.problem("an attribute's shape is kept elsewhere", kind: .unsupported)
        }
        let sizes = (name: try field.u16(), type: try field.u16(), space: try field.u16())
        if version == 3 {
            guard try field.u8() <= 1 else { throw field.problem("an attribute's name is in an unknown character set") }
        }
        // Version 1 fills up to 8 bytes, and what is in there belongs to nothing.
        func part(_ size: Int) throws -> DoormanCursor {
            let part = try field.part(size)
            if version == 1 { try field.skip(-size & 7) }
            return part
        }
        let nameField = try part(sizes.name)
        var name = nameField
        let length = try name.text()
        let range = nameField.at..<nameField.at + length
        do {
            // The library refuses others, and then frees what it never had.
            guard length > 0, length + 1 == sizes.name else {
                throw nameField.problem(
                    "an attribute's name is not as long as it says", found: "\(length + 1) bytes", expected: "\(sizes.name)")
            }
            let type = try datatype(in: try part(sizes.type), isShared: isTypeShared)
            let space = try dataspace(try part(sizes.space))
            let (bytes, overflow) = space.count.multipliedReportingOverflow(by: UInt64(type.size))
            guard !overflow, bytes <= UInt64(field.left) else {
                throw field.problem(
                    "an attribute is too short for its elements", found: "\(field.left) bytes", expected: "\(space.count) × \(type.size)")
            }
            if let item = type.itemSize {
                var left = min(budgets.hdf5AttributeBytes, file.count)
                for index in 0..<Int(space.count) {
                    try variable(at: field.at + index * 16, itemSize: item, left: &left)
                }
            }
        } catch let error as KerasError {
            let path = path
            throw error.placed(Place(object: (path == "/" ? "" : path) + "/@" + text(range)))
        }
        return range
    }
}
