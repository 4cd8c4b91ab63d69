internal import Tensors

extension Doorman {
    /// The records of a tree of the newer kind, in their order. HDF5 File Format Specification III.A.2
    ///
    /// - Returns: how many there are.
    mutating func tree2(
        _ address: UInt64, type: Int, recordSize: Int, _ record: (inout Doorman, inout DoormanCursor) throws -> Void
    ) throws -> UInt64 {
        var header = try claim(address, 38, "a tree")
        let start = header.at
        try header.signature("BTHD", "a tree")
        _ = try header.version(0...0, of: "a tree")
        let found = try header.u8()
        let nodeSize = try header.u32()
        let foundSize = try header.u16()
        guard found == type, foundSize == recordSize else {
            throw header.problem(
                "a tree has records of another kind", found: "\(found), \(foundSize) bytes", expected: "\(type), \(recordSize) bytes")
        }
        let depth = try header.u16()
        let (split, merge) = (try header.u8(), try header.u8())
        let root = try header.u64()
        let rootCount = try header.u16()
        let total = try header.u64()
        try header.checksum(from: start, "a tree")
        guard split <= 100, merge <= 100, depth < budgets.hdf5TreeLevels, nodeSize >= 10 + recordSize, nodeSize <= file.count else {
            throw header.problem("a tree's measures make no sense", found: "nodes of \(nodeSize) bytes, \(depth) levels")
        }
        if root == UInt64.max {
            guard total == 0, rootCount == 0 else { throw header.problem("a tree with records has no root") }
            return 0
        }
        let shape = try Tree2Shape(nodeSize: nodeSize, recordSize: recordSize, depth: depth, at: header)
        let seen = try node2(root, count: rootCount, level: depth, type: type, shape, record)
        guard seen == total else {
            throw header.problem("a tree has not as many records as it says", found: "\(seen)", expected: "\(total)")
        }
        return seen
    }

    /// How many records the nodes of each level have room for, and how wide the numbers are that count them.
    private struct Tree2Shape {
        let nodeSize, recordSize: Int
        let countWidth: Int
        /// By level, from the leaves on: how many records a node holds, and the width of the number of all below it.
        var room: [Int] = []
        var totalWidth: [Int] = [0]

        init(nodeSize: Int, recordSize: Int, depth: Int, at: DoormanCursor) throws {
            self.nodeSize = nodeSize
            self.recordSize = recordSize
            let leaf = (nodeSize - 10) / recordSize
            room.append(leaf)
            countWidth = DoormanType.bytes(toCount: UInt64(leaf))
            var all = UInt64(leaf)
            for level in 1..<max(depth + 1, 1) where level <= depth {
                let pointer = 8 + countWidth + (level > 1 ? totalWidth[level - 1] : 0)
                let room = (nodeSize - 10 - pointer) / (recordSize + pointer)
                guard nodeSize > 10 + pointer, room > 0 else { throw at.problem("a tree's nodes have no room") }
                let (product, overflow) = (UInt64(room) + 1).multipliedReportingOverflow(by: all)
                let (sum, overflow2) = product.addingReportingOverflow(UInt64(room))
                guard !overflow, !overflow2 else { throw at.problem("a tree is too deep", found: "\(depth) levels", kind: .resource) }
                all = sum
                self.room.append(room)
                totalWidth.append(DoormanType.bytes(toCount: all))
            }
        }
    }

    private mutating func node2(
        _ address: UInt64, count: Int, level: Int, type: Int, _ shape: Tree2Shape,
        _ record: (inout Doorman, inout DoormanCursor) throws -> Void
    ) throws -> UInt64 {
        var node = try claim(address, UInt64(shape.nodeSize), "a tree's node")
        let start = node.at
        try node.signature(level > 0 ? "BTIN" : "BTLF", "a tree's node")
        _ = try node.version(0...0, of: "a tree's node")
        guard try node.u8() == type else { throw node.problem("a tree's node belongs to another kind of tree") }
        guard count > 0, count <= shape.room[level] else {
            throw node.problem(
                "a tree's node has more records than room, or none", found: "\(count)", expected: "at most \(shape.room[level])")
        }
        var records = try node.part(count * shape.recordSize)
        var seen = UInt64(count)
        var children: [(address: UInt64, count: Int, total: UInt64?)] = []
        if level > 0 {
            for _ in 0...count {
                let child = try node.u64()
                let number = Int(try node.number(shape.countWidth))
                children.append((child, number, level > 1 ? try node.number(shape.totalWidth[level - 1]) : nil))
            }
        }
        try node.checksum(from: start, "a tree's node")
        for index in 0...count {
            if level > 0 {
                let below = try node2(children[index].address, count: children[index].count, level: level - 1, type: type, shape, record)
                guard children[index].total ?? below == below else { throw node.problem("a tree's node miscounts what is below it") }
                seen += below
            }
            if index < count {
                var field = try records.part(shape.recordSize)
                try record(&self, &field)
            }
        }
        return seen
    }
}
