internal import Tensors

extension Doorman {
    private static let undefined = UInt64.max

    // MARK: The tree of older files

    /// HDF5 File Format Specification III.A.1, node type 1
    mutating func chunkTree(_ address: UInt64, _ chunks: Chunks) throws {
        if address == Doorman.undefined { return }
        var walk = ChunkWalk()
        try chunkNode(address, chunks, level: nil, &walk)
        for last in walk.last.values where last.right != Doorman.undefined {
            throw KerasError(.malformed, "a tree of chunks goes on after its last node", at: Place(offset: file.offset(last.address)))
        }
    }

    private struct ChunkWalk {
        var last: [Int: (address: UInt64, right: UInt64)] = [:]
        var before: [UInt64]?
    }

    private mutating func chunkNode(_ address: UInt64, _ chunks: Chunks, level expected: Int?, _ walk: inout ChunkWalk) throws {
        let keySize = 8 + 8 * chunks.lengths.count
        var node = try claim(address, UInt64(24 + 2 * chunkK * 8 + (2 * chunkK + 1) * keySize), "a tree of chunks")
        try node.signature("TREE", "a tree of chunks")
        guard try node.u8() == 1 else { throw node.problem("a tree of chunks is of another kind") }
        let level = try node.u8()
        guard level == expected ?? level, level < budgets.hdf5TreeLevels else {
            throw node.problem("a tree's levels do not go down one by one", found: "\(level)", expected: expected.map(String.init))
        }
        let count = try node.u16()
        guard count <= 2 * chunkK else {
            throw node.problem("a tree's node has more entries than room", found: "\(count)", expected: "at most \(2 * chunkK)")
        }
        let (left, right) = (try node.u64(), try node.u64())
        let before = walk.last[level]
        guard left == before?.address ?? .max, before.map({ $0.right == address }) ?? true else {
            throw node.problem("a tree's nodes disagree about their order")
        }
        walk.last[level] = (address, right)
        for _ in 0..<count {
            let size = UInt64(try node.u32())
            let mask = try node.u32()
            let place = try (0..<chunks.lengths.count).map { _ in try node.u64() }
            let child = try node.u64()
            if level > 0 {
                try chunkNode(child, chunks, level: level - 1, &walk)
                continue
            }
            try checkPlace(place, node, chunks)
            if let before = walk.before, !before.lexicographicallyPrecedes(place) {
                throw node.problem("a tree's chunks are not in order", found: "\(place)")
            }
            walk.before = place
            guard child != Doorman.undefined else { throw node.problem("a chunk in a tree is nowhere") }
            try chunk(child, size: size, mask: mask, chunks)
        }
        // The key after the last entry bounds it, and is compared with.
        try node.skip(keySize)
    }

    /// Where a chunk begins in its dataset: at a multiple of its lengths, on an axis that reaches there.
    private func checkPlace(_ place: [UInt64], _ node: DoormanCursor, _ chunks: Chunks) throws {
        for (axis, start) in place.enumerated() {
            let isRight =
                axis == chunks.counts.count
                ? start == 0 : start % chunks.lengths[axis] == 0 && start / chunks.lengths[axis] < max(chunks.counts[axis], 1)
            guard isRight else { throw node.problem("a chunk is outside its dataset", found: "\(place.dropLast())") }
        }
    }

    // MARK: The indexes of newer ones

    /// All chunks in a row. HDF5 File Format Specification VII.C
    mutating func fixedArray(_ address: UInt64, pageBits: Int, _ chunks: Chunks) throws {
        if address == Doorman.undefined { return }
        let isFiltered = !chunks.dataset.filters.isEmpty
        // HDF5's own width of a filtered chunk's length: room for one that filters made longer.
        let sizeWidth = isFiltered ? min(8, DoormanType.bytes(toCount: chunks.bytes) + 1) : 0
        let entry = isFiltered ? 8 + sizeWidth + 4 : 8
        var header = try claim(address, 28, "an array of chunks")
        try header.signature("FAHD", "an array of chunks")
        _ = try header.version(0...0, of: "an array of chunks")
        guard try header.u8() == (isFiltered ? 1 : 0), try header.u8() == entry, try header.u8() == pageBits, (1...31).contains(pageBits)
        else {
            throw header.problem("an array of chunks is not what its dataset needs")
        }
        let count = try header.u64()
        guard count >= chunks.number, count <= UInt64(file.count), count > 0 else {
            throw header.problem(
                "an array of chunks has not as many places as there are chunks", found: "\(count)", expected: "\(chunks.number)")
        }
        let block = try header.u64()
        try header.checksum(from: header.end - 28, "an array of chunks")
        if block == Doorman.undefined { return }
        let pageCount = UInt64(1) << UInt64(pageBits)
        let isPaged = count > pageCount
        let pages = isPaged ? (count + pageCount - 1) / pageCount : 0
        let prefix = 14 + (isPaged ? (pages + 7) / 8 : 0)
        let size = prefix + count * UInt64(entry) + 4 + (isPaged ? 4 * pages : 0)
        var field = try claim(block, size, "an array of chunks")
        let start = field.at
        try field.signature("FADB", "an array of chunks")
        _ = try field.version(0...0, of: "an array of chunks")
        guard try field.u8() == (isFiltered ? 1 : 0), try field.u64() == address else {
            throw field.problem("an array of chunks belongs to another one")
        }
        let bitmap = try field.part(isPaged ? Int((pages + 7) / 8) : 0)
        if isPaged { try field.checksum(from: start, "an array of chunks") }
        func entries(_ doorman: inout Doorman, _ number: UInt64) throws {
            for _ in 0..<number {
                let place = try field.u64()
                let size = isFiltered ? try field.number(sizeWidth) : chunks.bytes
                let mask = isFiltered ? try field.u32() : 0
                try doorman.chunk(place, size: size, mask: mask, chunks)
            }
        }
        guard isPaged else {
            try entries(&self, count)
            return try field.checksum(from: start, "an array of chunks")
        }
        for page in 0..<pages {
            let number = min(pageCount, count - page * pageCount)
            let bit = file.bytes[bitmap.at + Int(page / 8)] >> (7 - UInt8(page % 8)) & 1
            guard bit == 1 else {
                try field.skip(Int(number) * entry + 4)
                continue
            }
            let pageStart = field.at
            try entries(&self, number)
            try field.checksum(from: pageStart, "a page of chunks")
        }
    }

    /// HDF5 File Format Specification III.A.2, types 10 and 11
    mutating func chunkTree2(_ address: UInt64, nodeSize: Int, _ chunks: Chunks) throws {
        if address == Doorman.undefined { return }
        let isFiltered = !chunks.dataset.filters.isEmpty
        let sizeWidth = isFiltered ? min(8, DoormanType.bytes(toCount: chunks.bytes) + 1) : 0
        let rank = chunks.counts.count
        let record = 8 + (isFiltered ? sizeWidth + 4 : 0) + 8 * rank
        var before: [UInt64]?
        _ = try tree2(address, type: isFiltered ? 11 : 10, recordSize: record) { doorman, field in
            let place = try field.u64()
            let size = isFiltered ? try field.number(sizeWidth) : chunks.bytes
            let mask = isFiltered ? try field.u32() : 0
            let scaled = try (0..<rank).map { _ in try field.u64() }
            guard zip(scaled, chunks.counts).allSatisfy({ $0 < max($1, 1) }), before.map({ $0.lexicographicallyPrecedes(scaled) }) ?? true
            else {
                throw field.problem("a chunk is outside its dataset, or out of order", found: "\(scaled)")
            }
            before = scaled
            try doorman.chunk(place, size: size, mask: mask, chunks)
        }
    }
}
