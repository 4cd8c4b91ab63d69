internal import Tensors

extension Doorman {
    private static let undefined = UInt64.max

    /// The measures of an array that grows along one axis, in blocks that double. HDF5 File Format Specification VII.D
    private struct GrowingArray {
        let address: UInt64
        let chunks: Chunks
        let isFiltered: Bool
        let sizeWidth, offsetWidth: Int
        /// Elements that a data block has at least, and that a page of one has.
        let least, page: UInt64

        var entry: Int { isFiltered ? 8 + sizeWidth + 4 : 8 }
        /// How many data blocks a super block has, and elements each of them.
        func blocks(_ superblock: Int) -> UInt64 { 1 << UInt64(superblock / 2) }
        func elements(_ superblock: Int) -> UInt64 { least << UInt64((superblock + 1) / 2) }
    }

    mutating func extensibleArray(_ address: UInt64, settings: [Int], _ chunks: Chunks) throws {
        if address == Doorman.undefined { return }
        let isFiltered = !chunks.dataset.filters.isEmpty
        let (bits, direct, pointers, least, pageBits) = (settings[0], settings[1], settings[2], settings[3], settings[4])
        var header = try claim(address, 72, "a growing array of chunks")
        let start = header.at
        try header.signature("EAHD", "a growing array of chunks")
        _ = try header.version(0...0, of: "a growing array of chunks")
        let client = try header.u8()
        let entry = try header.u8()
        let found = try (0..<5).map { _ in try header.u8() }
        // The header has the least data block before the pointers, as the dataset's storage has them the other way round.
        guard found == [bits, direct, least, pointers, pageBits], client == (isFiltered ? 1 : 0) else {
            throw header.problem("a growing array of chunks is not what its dataset needs")
        }
        try header.skip(32)
        // The library goes through all of them to know what is stored.
        let last = try header.u64()
        try header.skip(8)
        let index = try header.u64()
        try header.checksum(from: start, "a growing array of chunks")
        let room = UInt64(file.count / Int(max(entry, 1)))
        guard last <= room else {
            throw header.problem(
                "a growing array has more chunks than the file has room for", found: "\(last)", expected: "at most \(room)")
        }
        guard (1...64).contains(bits), least > 0, least.nonzeroBitCount == 1, pointers > 1, pointers.nonzeroBitCount == 1, pageBits > 0,
            pageBits < bits, least.trailingZeroBitCount < bits
        else { throw header.problem("a growing array's measures make no sense") }
        let array = GrowingArray(
            address: address, chunks: chunks, isFiltered: isFiltered,
            sizeWidth: isFiltered ? min(8, DoormanType.bytes(toCount: chunks.bytes) + 1) : 0, offsetWidth: (bits + 7) / 8,
            least: UInt64(least), page: 1 << UInt64(pageBits))
        guard entry == array.entry else { throw header.problem("a growing array's entries are of another size", found: "\(entry)") }
        if index == Doorman.undefined { return }
        let superblocks = 1 + bits - least.trailingZeroBitCount
        let first = 2 * pointers.trailingZeroBitCount
        guard superblocks >= first else { throw header.problem("a growing array's measures make no sense") }
        let directBlocks = 2 * (pointers - 1)
        var block = try claim(
            index, UInt64(14 + direct * array.entry + 8 * (directBlocks + superblocks - first) + 4), "a growing array of chunks")
        let begin = block.at
        try prefix(&block, "EAIB", array, offset: nil)
        try entries(&block, UInt64(direct), array)
        var offset: UInt64 = 0
        var number: UInt64 = 0
        for superblock in 0..<first {
            let elements = array.elements(superblock)
            for _ in 0..<array.blocks(superblock) {
                // The library counts from the array's first block where it means the first of this size. H5EA__lookup_elmt
                try dataBlock(try block.u64(), elements: elements, offset: offset + number * elements, pages: nil, array)
                number += 1
            }
            offset += array.blocks(superblock) * elements
        }
        for superblock in first..<superblocks {
            let place = try block.u64()
            if place != Doorman.undefined { try superBlock(place, superblock, offset: offset, array) }
            offset &+= array.blocks(superblock) &* array.elements(superblock)
        }
        try block.checksum(from: begin, "a growing array of chunks")
    }

    private mutating func superBlock(_ address: UInt64, _ number: Int, offset: UInt64, _ array: GrowingArray) throws {
        let (blocks, elements) = (array.blocks(number), array.elements(number))
        guard number < 80, blocks <= UInt64(file.count), elements <= UInt64(file.count) * 64 else {
            throw KerasError(.resource, "a growing array of chunks is too large", at: Place(offset: file.offset(address)))
        }
        let pages = elements > array.page ? elements / array.page : 0
        let bitmap = (pages + 7) / 8
        var block = try claim(
            address, UInt64(14 + array.offsetWidth + 4) + blocks * (8 + bitmap), "a growing array's list of blocks")
        let start = block.at
        try prefix(&block, "EASB", array, offset: offset)
        let bitmaps = try (0..<blocks).map { _ in try block.part(Int(bitmap)) }
        for index in 0..<blocks {
            try dataBlock(
                try block.u64(), elements: elements, offset: offset + index * elements, pages: pages > 0 ? bitmaps[Int(index)] : nil, array)
        }
        try block.checksum(from: start, "a growing array's list of blocks")
    }

    private mutating func dataBlock(
        _ address: UInt64, elements: UInt64, offset: UInt64, pages bitmap: DoormanCursor?, _ array: GrowingArray
    ) throws {
        if address == Doorman.undefined { return }
        guard elements <= UInt64(file.count) else {
            throw KerasError(.malformed, "a growing array's block is larger than the file", at: Place(offset: file.offset(address)))
        }
        let isPaged = elements > array.page
        let pages = isPaged ? elements / array.page : 0
        var block = try claim(
            address, UInt64(14 + array.offsetWidth + 4) + elements * UInt64(array.entry) + 4 * pages, "a growing array's block")
        let start = block.at
        try prefix(&block, "EADB", array, offset: offset)
        guard isPaged else {
            try entries(&block, elements, array)
            return try block.checksum(from: start, "a growing array's block")
        }
        try block.checksum(from: start, "a growing array's block")
        for page in 0..<pages {
            // A page that was never written holds nothing that would be right.
            guard let bitmap, file.bytes[bitmap.at + Int(page / 8)] >> (7 - UInt8(page % 8)) & 1 == 1 else {
                try block.skip(Int(array.page) * array.entry + 4)
                continue
            }
            let pageStart = block.at
            try entries(&block, array.page, array)
            try block.checksum(from: pageStart, "a page of chunks")
        }
    }

    private func prefix(_ block: inout DoormanCursor, _ signature: StaticString, _ array: GrowingArray, offset: UInt64?) throws {
        try block.signature(signature, "a growing array's block")
        _ = try block.version(0...0, of: "a growing array's block")
        guard try block.u8() == (array.isFiltered ? 1 : 0), try block.u64() == array.address else {
            throw block.problem("a growing array's block belongs to another one")
        }
        if let offset {
            guard try block.number(min(array.offsetWidth, 8)) == offset else {
                throw block.problem("a growing array's block belongs elsewhere")
            }
        }
    }

    private mutating func entries(_ block: inout DoormanCursor, _ number: UInt64, _ array: GrowingArray) throws {
        for _ in 0..<number {
            let place = try block.u64()
            let size = array.isFiltered ? try block.number(array.sizeWidth) : array.chunks.bytes
            let mask = array.isFiltered ? try block.u32() : 0
            try chunk(place, size: size, mask: mask, array.chunks)
        }
    }
}
