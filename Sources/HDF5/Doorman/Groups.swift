internal import Tensors

/// Where the members of a group of the older kind are.
struct DoormanTable: Equatable {
    let tree, heap: UInt64
}

extension Doorman {
    private static let undefined = UInt64.max

    mutating func visitGroup(_ address: UInt64, _ single: [Int: DoormanMessage], links: [DoormanMessage]) throws {
        if let message = single[DoormanMessageType.symbolTable] {
            guard single[DoormanMessageType.linkInfo] == nil, links.isEmpty else {
                throw body(message).problem("a group has its members in two ways")
            }
            var field = body(message)
            let table = DoormanTable(tree: try field.u64(), heap: try field.u64())
            tables[address] = table
            try symbolTable(table)
        }
        for link in links { try self.link(body(link)) }
        if let message = single[DoormanMessageType.linkInfo] {
            newGroups.insert(address)
            try denseLinks(body(message))
        }
    }

    // MARK: Symbol tables

    /// The names of a group: NUL-terminated, in one block.
    struct LocalHeap {
        let names: Range<Int>
    }

    private mutating func symbolTable(_ table: DoormanTable) throws {
        let heap = try localHeap(at: table.heap)
        var walk = TreeWalk()
        try groupTree(table.tree, heap, level: nil, &walk)
        for last in walk.last.values where last.right != Doorman.undefined {
            throw KerasError(.malformed, "a group's tree goes on after its last node", at: Place(offset: file.offset(last.address)))
        }
    }

    /// Checks the list of free space too: the library reads it, and it may lead in circles.
    private mutating func localHeap(at address: UInt64) throws -> LocalHeap {
        var field = try claim(address, 32, "a local heap")
        try field.signature("HEAP", "a local heap")
        _ = try field.version(0...0, of: "a local heap")
        try field.skip(3)
        let size = try field.u64()
        let free = try field.u64()
        let data = try claim(try field.u64(), size, "the names of a group's members")
        var next = free
        var seen = 0
        // 1 is no place, and means the end; some writers left the undefined address.
        while next != 1 && next != Doorman.undefined {
            guard next % 8 == 0, next <= size, size - next >= 16 else {
                throw field.problem("a local heap's free space is outside it", found: "\(next)", expected: "less than \(size)")
            }
            let place = data.at + Int(next)
            let length = file.number(at: place + 8, width: 8)
            guard length >= 16, length <= size - next else {
                throw field.problem("a local heap's free space is longer than the heap", found: "\(length) bytes")
            }
            seen += 16
            guard UInt64(seen) <= size else { throw field.problem("a local heap's free space leads in a circle") }
            next = file.number(at: place, width: 8)
        }
        return LocalHeap(names: data.at..<data.end)
    }

    /// The name at `offset` of a heap.
    private func name(_ offset: UInt64, _ heap: LocalHeap) throws -> Range<Int> {
        guard let offset = Int(exactly: offset), offset < heap.names.count else {
            throw KerasError(
                .malformed, "a member's name is outside the group's names", at: Place(offset: heap.names.lowerBound + file.base),
                found: "\(offset)", expected: "less than \(heap.names.count)")
        }
        let start = heap.names.lowerBound + offset
        guard let end = file.bytes[start..<heap.names.upperBound].firstIndex(of: 0) else {
            throw KerasError(.malformed, "a member's name has no end", at: Place(offset: start + file.base))
        }
        return start..<end
    }

    private struct TreeWalk {
        /// The node before, of each level, and which it says comes after it.
        var last: [Int: (address: UInt64, right: UInt64)] = [:]
        /// The name before.
        var name: Range<Int>?

        /// - Throws: if the nodes of a level are not a chain.
        mutating func pass(_ address: UInt64, level: Int, left: UInt64, right: UInt64, at: DoormanCursor) throws {
            guard left == last[level]?.address ?? .max, last[level].map({ $0.right == address }) ?? true else {
                throw at.problem("a tree's nodes disagree about their order")
            }
            last[level] = (address, right)
        }
    }

    private mutating func groupTree(_ address: UInt64, _ heap: LocalHeap, level expected: Int?, _ walk: inout TreeWalk) throws {
        var node = try claim(address, UInt64(24 + 2 * groupK * 8 + (2 * groupK + 1) * 8), "a group's tree")
        try node.signature("TREE", "a group's tree")
        guard try node.u8() == 0 else { throw node.problem("a group's tree is of another kind") }
        let level = try node.u8()
        guard level == expected ?? level, level < budgets.hdf5TreeLevels else {
            throw node.problem("a tree's levels do not go down one by one", found: "\(level)", expected: expected.map(String.init))
        }
        let count = try node.u16()
        guard count <= 2 * groupK else {
            throw node.problem("a tree's node has more entries than room", found: "\(count)", expected: "at most \(2 * groupK)")
        }
        try walk.pass(address, level: level, left: try node.u64(), right: try node.u64(), at: node)
        var bound = try name(try node.u64(), heap)
        for _ in 0..<count {
            let child = try node.u64()
            let upper = try name(try node.u64(), heap)
            let before = walk.name
            if level > 0 { try groupTree(child, heap, level: level - 1, &walk) } else { try symbolNode(child, heap, &walk) }
            // What is outside its bounds could not be found again.
            if let last = walk.name, before != last {
                guard precedes(bound, last), last == upper || precedes(last, upper) else {
                    throw node.problem("a group's tree does not know the names in it", found: "'\(text(last))'")
                }
            }
            bound = upper
        }
    }

    private mutating func symbolNode(_ address: UInt64, _ heap: LocalHeap, _ walk: inout TreeWalk) throws {
        var node = try claim(address, UInt64(8 + 2 * leafK * 40), "a group's table")
        try node.signature("SNOD", "a group's table")
        _ = try node.version(1...1, of: "a group's table")
        try node.skip(1)
        let count = try node.u16()
        guard count <= 2 * leafK else {
            throw node.problem("a group's table has more entries than room", found: "\(count)", expected: "at most \(2 * leafK)")
        }
        for _ in 0..<count {
            let name = try name(try node.u64(), heap)
            guard !name.isEmpty else { throw node.problem("a member has no name") }
            if let before = walk.name, !precedes(before, name) {
                throw node.problem(
                    "a group's members are not in the order of their names", found: "'\(text(name))' after '\(text(before))'")
            }
            walk.name = name
            let target = try node.u64()
            try readScratch(&node, of: target, heap: heap, name: name)
        }
    }

    /// The rest of an entry: what it repeats of the object it leads to, or where a soft link leads.
    mutating func readScratch(_ field: inout DoormanCursor, of target: UInt64, heap: LocalHeap?, name: Range<Int>) throws {
        let kind = try field.u32()
        try field.skip(4)
        var scratch = try field.part(16)
        switch kind {
        case 0:
            if heap != nil { try found(target, name: name) }
        case 1:
            if heap != nil { try found(target, name: name) }
            repeatedTables.append((target, DoormanTable(tree: try scratch.u64(), heap: try scratch.u64())))
        case 2:
            guard let heap else { throw field.problem("the root group is a soft link") }
            _ = try self.name(UInt64(try scratch.u32()), heap)
            foreignLink(name, "a soft link")
        default: throw field.problem("an entry of a group's table is of a kind that is not known", found: "\(kind)")
        }
    }

    /// By bytes, as strcmp.
    func precedes(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
        file.bytes[first].lexicographicallyPrecedes(file.bytes[second])
    }

    // MARK: Links as messages

    /// One link, in a header or in a heap.
    ///
    /// - Returns: where its name stands.
    @discardableResult mutating func link(_ field: DoormanCursor) throws -> Range<Int> {
        var field = field
        _ = try field.version(1...1, of: "a link")
        let flags = try field.u8()
        guard flags & ~0x1F == 0 else { throw field.problem("a link has flags that are not known", found: "\(flags)") }
        let type = flags & 8 != 0 ? try field.u8() : 0
        if flags & 4 != 0 { try field.skip(8) }
        if flags & 0x10 != 0 {
            guard try field.u8() <= 1 else { throw field.problem("a link's name is in an unknown character set") }
        }
        guard let length = Int(exactly: try field.number(1 << (flags & 3))), length > 0 else { throw field.problem("a link has no name") }
        let name = try field.part(length)
        let range = name.at..<name.end
        guard !file.bytes[range].contains(0) else { throw name.problem("a link's name has a NUL in it") }
        switch type {
        case 0: try found(try field.u64(), name: range)
        case 1:
            let length = try field.u16()
            guard length > 0 else { throw field.problem("a soft link leads nowhere") }
            try field.skip(length)
            foreignLink(range, "a soft link")
        case 64...255:
            var value = try field.part(try field.u16())
            if type == 64 {
                guard try value.u8() == 0 else { throw value.problem("a link into another file is of a version that is not known") }
                _ = try value.text()
                _ = try value.text()
            }
            foreignLink(range, type == 64 ? "a link into another file" : "a link of the user-defined class \(type)")
        default: throw field.problem("a link is of a kind that is not known", found: "\(type)")
        }
        return range
    }
}
