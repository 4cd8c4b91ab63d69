internal import Tensors

/// A heap of things of any size, in blocks that double: where newer files keep the links and attributes of an object that has many.
struct DoormanHeap {
    /// Widths, in an identifier of the heap, of its parts.
    var offsetWidth = 0
    var lengthWidth = 0
    var idLength = 0
    var largest = 0
    /// Where the heap says that its blocks end: the library looks for nothing behind it.
    var managed: UInt64 = 0
    /// Blocks by their place in the heap, without what stands before their content.
    var blocks: [(offset: UInt64, content: Range<Int>, address: Int)] = []
    /// What is too large for a block, by number.
    var huge: [UInt64: Range<Int>] = [:]
}

extension Doorman {
    private static let undefined = UInt64.max

    /// The measures of a heap's blocks. HDF5 File Format Specification III.G
    private struct Table {
        let address: UInt64
        let width, start, largestDirect: UInt64
        let offsetWidth: Int
        let isSummed: Bool
        let heapBits: Int

        func size(row: Int) -> UInt64 { start << UInt64(max(row - 1, 0)) }
        var directRows: Int { log2(largestDirect) - log2(start) + 2 }
        var firstRowBits: Int { log2(start) + log2(width) }
        func rows(spanning size: UInt64) -> Int { log2(size) - firstRowBits + 1 }
    }

    mutating func fractalHeap(_ address: UInt64) throws -> DoormanHeap {
        var field = try claim(address, 146, "a heap")
        let begin = field.at
        try field.signature("FRHP", "a heap")
        _ = try field.version(0...0, of: "a heap")
        var heap = DoormanHeap()
        heap.idLength = try field.u16()
        guard try field.u16() == 0 else { throw field.problem("a heap passes through filters", kind: .unsupported) }
        let flags = try field.u8()
        guard flags & ~3 == 0 else { throw field.problem("a heap has flags that are not known", found: "\(flags)") }
        heap.largest = try field.u32()
        try field.skip(8)
        let hugeTree = try field.u64()
        // Of free space and of how much there is of each kind, nobody reads who only reads.
        try field.skip(8 * 2)
        heap.managed = try field.u64()
        try field.skip(8 * 3 + 8)
        let hugeCount = try field.u64()
        try field.skip(16)
        let width = UInt64(try field.u16())
        let (start, largestDirect) = (try field.u64(), try field.u64())
        let heapBits = try field.u16()
        try field.skip(2)
        let root = try field.u64()
        let rows = try field.u16()
        try field.checksum(from: begin, "a heap")
        for number in [width, start, largestDirect] where number.nonzeroBitCount != 1 || number > 1 << 31 {
            throw field.problem("a heap's blocks are no powers of two", found: "\(number)")
        }
        guard start <= largestDirect, heapBits >= log2(largestDirect), heapBits >= log2(start) + log2(width), heapBits <= 64,
            heap.largest > 0,
            UInt64(heap.largest) <= largestDirect
        else { throw field.problem("a heap's measures contradict each other") }
        heap.offsetWidth = (heapBits + 7) / 8
        heap.lengthWidth = min((log2(largestDirect) + 7) / 8, DoormanType.bytes(toCount: UInt64(heap.largest)))
        let table = Table(
            address: address, width: width, start: start, largestDirect: largestDirect, offsetWidth: heap.offsetWidth,
            isSummed: flags & 2 != 0, heapBits: heapBits)
        if root != Doorman.undefined {
            guard rows <= heapBits - table.firstRowBits + 1 else {
                throw field.problem("a heap has too many rows of blocks", found: "\(rows)")
            }
            if rows == 0 {
                try directBlock(root, size: start, offset: 0, table, &heap)
            } else {
                try indirectBlock(root, rows: rows, offset: 0, table, &heap)
            }
        }
        if hugeTree != Doorman.undefined {
            guard heap.idLength < 17 else { throw field.problem("a heap's large objects are found in an uncommon way", kind: .unsupported) }
            var huge: [UInt64: Range<Int>] = [:]
            var last: UInt64?
            _ = try tree2(hugeTree, type: 1, recordSize: 24) { doorman, field in
                let (place, length) = (try field.u64(), try field.u64())
                let data = try doorman.claim(place, length, "a heap's large object")
                let number = try field.u64()
                // The library searches for it.
                guard last.map({ $0 < number }) ?? true else {
                    throw field.problem("a heap's large objects are not in the order of their numbers")
                }
                last = number
                huge[number] = data.at..<data.end
            }
            heap.huge = huge
        }
        guard hugeCount == UInt64(heap.huge.count) else {
            throw field.problem("a heap has not as many large objects as it says", found: "\(heap.huge.count)", expected: "\(hugeCount)")
        }
        heap.blocks.sort { $0.offset < $1.offset }
        return heap
    }

    private mutating func directBlock(_ address: UInt64, size: UInt64, offset: UInt64, _ table: Table, _ heap: inout DoormanHeap) throws {
        var block = try claim(address, size, "a heap's block")
        let start = block.at
        try block.signature("FHDB", "a heap's block")
        try prefix(&block, offset: offset, table)
        if table.isSummed {
            // The sum is over the whole block, with zeros in its own place.
            var copy = Array(file.bytes[start..<block.end])
            for index in copy.indices[(block.at - start)...].prefix(4) { copy[index] = 0 }
            try block.checksum(copy.withUnsafeBytes { lookup3($0[...]) }, "a heap's block")
        }
        heap.blocks.append((offset, block.at..<block.end, start))
    }

    private mutating func indirectBlock(_ address: UInt64, rows: Int, offset: UInt64, _ table: Table, _ heap: inout DoormanHeap) throws {
        let entries = UInt64(rows) * table.width
        var block = try claim(address, UInt64(4 + 1 + 8 + table.offsetWidth + 4) + 8 * entries, "a heap's table of blocks")
        let start = block.at
        try block.signature("FHIB", "a heap's table of blocks")
        try prefix(&block, offset: offset, table)
        var place = offset
        for row in 0..<rows {
            let size = table.size(row: row)
            for _ in 0..<table.width {
                let child = try block.u64()
                if child != Doorman.undefined {
                    if row < table.directRows {
                        try directBlock(child, size: size, offset: place, table, &heap)
                    } else {
                        let below = table.rows(spanning: size)
                        guard below > 0, below < rows else { throw block.problem("a heap's tables lead into themselves") }
                        try indirectBlock(child, rows: below, offset: place, table, &heap)
                    }
                }
                let (next, overflow) = place.addingReportingOverflow(size)
                guard !overflow else { throw block.problem("a heap is too large", kind: .resource) }
                place = next
            }
        }
        try block.checksum(from: start, "a heap's table of blocks")
    }

    private func prefix(_ block: inout DoormanCursor, offset: UInt64, _ table: Table) throws {
        _ = try block.version(0...0, of: "a heap's block")
        guard try block.u64() == table.address, try block.number(table.offsetWidth) == offset else {
            throw block.problem("a heap's block belongs elsewhere")
        }
    }

    /// The object of a heap that an identifier names.
    func object(_ id: DoormanCursor, in heap: DoormanHeap) throws -> DoormanCursor {
        var id = id
        let head = try id.u8()
        guard head >> 6 == 0 else { throw id.problem("an identifier is of a version that is not known") }
        switch head >> 4 & 3 {
        case 0:
            let offset = try id.number(heap.offsetWidth)
            let length = try id.number(heap.lengthWidth)
            // The last block that begins at or before it.
            var (low, high) = (0, heap.blocks.count)
            while low < high {
                let middle = (low + high) / 2
                if heap.blocks[middle].offset <= offset { low = middle + 1 } else { high = middle }
            }
            guard low > 0, offset <= heap.managed, length > 0, length <= UInt64(heap.largest) else {
                throw id.problem("an object is outside its heap")
            }
            let block = heap.blocks[low - 1]
            let inside = offset - block.offset
            guard inside >= UInt64(block.content.lowerBound - block.address), inside <= UInt64(block.content.upperBound - block.address),
                length <= UInt64(block.content.upperBound - block.address) - inside
            else { throw id.problem("an object is outside its heap") }
            let start = block.address + Int(inside)
            return DoormanCursor(file: file, at: start, end: start + Int(length))
        case 1:
            guard let place = heap.huge[try id.number(min(8, id.left))] else { throw id.problem("a large object is not in its heap") }
            return DoormanCursor(file: file, at: place.lowerBound, end: place.upperBound)
        default: throw id.problem("an object in an identifier is not read", kind: .unsupported)
        }
    }

    // MARK: What is kept in them

    /// Where the parts of an index's records are: the heap's identifier of what is meant, and the hash of its name.
    private struct DenseIndex {
        let type, recordSize, idAt: Int
        var hashAt: Int?
        /// Whether the identifier is followed by the flags of a message, as an attribute's is.
        var hasFlags = false
    }

    /// HDF5 File Format Specification IV.A.2.c
    mutating func denseLinks(_ field: DoormanCursor) throws {
        var field = field
        _ = try field.version(0...0, of: "a group's links")
        let flags = try field.u8()
        guard flags & ~3 == 0 else { throw field.problem("a group's links have flags that are not known", found: "\(flags)") }
        if flags & 1 != 0 { try field.skip(8) }
        try dense(
            &field, isOrdered: flags & 2 != 0, idLength: 7, named: DenseIndex(type: 5, recordSize: 4 + 7, idAt: 4, hashAt: 0),
            ordered: DenseIndex(type: 6, recordSize: 8 + 7, idAt: 8)
        ) { doorman, object in try doorman.link(object) }
    }

    /// HDF5 File Format Specification IV.A.2.v
    mutating func denseAttributes(_ field: DoormanCursor) throws {
        var field = field
        _ = try field.version(0...0, of: "an object's attributes")
        let flags = try field.u8()
        guard flags & ~3 == 0 else { throw field.problem("an object's attributes have flags that are not known", found: "\(flags)") }
        if flags & 1 != 0 { try field.skip(2) }
        try dense(
            &field, isOrdered: flags & 2 != 0, idLength: 8,
            named: DenseIndex(type: 8, recordSize: 8 + 1 + 4 + 4, idAt: 0, hashAt: 13, hasFlags: true),
            ordered: DenseIndex(type: 9, recordSize: 8 + 1 + 4, idAt: 0, hasFlags: true)
        ) { doorman, object in try doorman.attribute(object) }
    }

    /// Things in a heap, with an index of their names and perhaps another of the order in which they came.
    ///
    /// - Parameter check: looks at one of them, and returns where its name stands.
    private mutating func dense(
        _ field: inout DoormanCursor, isOrdered: Bool, idLength: Int, named: DenseIndex, ordered: DenseIndex,
        _ check: (inout Doorman, DoormanCursor) throws -> Range<Int>
    ) throws {
        let heapAddress = try field.u64()
        let names = try field.u64()
        let order = isOrdered ? try field.u64() : Doorman.undefined
        if heapAddress == Doorman.undefined {
            guard names == Doorman.undefined else { throw field.problem("there is an index of nothing") }
            return
        }
        let heap = try fractalHeap(heapAddress)
        guard heap.idLength == idLength else {
            throw field.problem("a heap's identifiers are of another length", found: "\(heap.idLength)", expected: "\(idLength)")
        }
        var last: (hash: UInt32, name: Range<Int>)?
        func walk(_ doorman: inout Doorman, _ address: UInt64, _ index: DenseIndex) throws -> UInt64 {
            try doorman.tree2(address, type: index.type, recordSize: index.recordSize) { doorman, record in
                var parts = record
                try parts.skip(index.idAt)
                let id = try parts.part(idLength)
                if index.hasFlags {
                    guard try parts.u8() & 2 == 0 else { throw parts.problem("an attribute is kept elsewhere", kind: .unsupported) }
                }
                let object = try doorman.object(id, in: heap)
                guard let hashAt = index.hashAt else { return }
                let name = try check(&doorman, object)
                // What has another hash, or stands elsewhere, would be listed and not found.
                try record.skip(hashAt)
                let hash = lookup3(doorman.file.bytes[name])
                try record.checksum(hash, "a name in an index")
                if let last, last.hash > hash || last.hash == hash && !doorman.precedes(last.name, name) {
                    throw record.problem("an index of names is not in their order", found: "'\(doorman.text(name))'")
                }
                last = (hash, name)
            }
        }
        let count = try walk(&self, names, named)
        if order != Doorman.undefined {
            guard try walk(&self, order, ordered) == count else {
                throw field.problem("two indexes of the same things disagree about how many there are")
            }
        }
    }
}

/// The exponent of a power of two, or of the largest below.
private func log2(_ number: UInt64) -> Int { 63 - number.leadingZeroBitCount }
