internal import Tensors

/// A dataset whose storage is being looked at.
struct DoormanDataset {
    let header: UInt64
    let shape: DoormanSpace
    let type: DoormanType
    let filters: [HDF5DeflatedChunks.Filter]

    /// Bytes of all elements; the product has been checked against the budgets.
    func size() -> UInt64? {
        let (size, overflow) = shape.count.multipliedReportingOverflow(by: UInt64(type.size))
        return overflow ? nil : size
    }
}

extension Doorman {
    private static let undefined = UInt64.max

    /// Where a dataset's elements are. HDF5 File Format Specification IV.A.2.i
    mutating func layout(_ field: DoormanCursor, _ dataset: DoormanDataset) throws {
        var field = field
        let version = try field.version(1...4, of: "a dataset's storage")
        guard let size = dataset.size(), Int(exactly: size) != nil else {
            throw field.problem(
                "a dataset has too many elements", found: "\(dataset.shape.count) of \(dataset.type.size) bytes", kind: .resource)
        }
        if version < 3 { return try oldLayout(&field, dataset, size: size) }
        switch try field.u8() {
        case 0:
            let length = try field.u16()
            try compact(try field.part(length), dataset, size: size)
        case 1:
            let address = try field.u64()
            try contiguous(address, stored: try field.u64(), field, dataset, size: size)
        case 2:
            try version == 3 ? chunkedByTree(&field, dataset) : chunked(&field, dataset)
        case 3:
            refuse(.policy, "a virtual dataset is not read", found: "one made of parts of other datasets")
        case let kind:
            throw field.problem("a dataset's storage is of a kind that is not known", found: "\(kind)", kind: .unsupported)
        }
    }

    /// Versions 1 and 2 repeat the shape, and may leave out the address.
    private mutating func oldLayout(_ field: inout DoormanCursor, _ dataset: DoormanDataset, size: UInt64) throws {
        let rank = try field.u8()
        let kind = try field.u8()
        try field.skip(5)
        guard rank > 0, rank <= budgets.hdf5Rank + 1 else {
            throw field.problem("a dataset's storage has too many axes, or none", found: "\(rank)")
        }
        switch kind {
        case 0:
            try field.skip(4 * rank)
            let length = try field.u32()
            try compact(try field.part(length), dataset, size: size)
        case 1:
            // The library works the size out from the shape.
            let address = try field.u64()
            try field.skip(4 * rank)
            try contiguous(address, stored: size, field, dataset, size: size)
        case 2:
            let address = try field.u64()
            let lengths = try (0..<rank).map { _ in UInt64(try field.u32()) }
            try chunks(lengths, field, dataset) { doorman, chunks in try doorman.chunkTree(address, chunks) }
        default:
            throw field.problem("a dataset's storage is of a kind that is not known", found: "\(kind)", kind: .unsupported)
        }
    }

    private mutating func compact(_ data: DoormanCursor, _ dataset: DoormanDataset, size: UInt64) throws {
        guard UInt64(data.left) == size else {
            throw data.problem("the dataset's stored bytes are not what its shape needs", found: "\(data.left) bytes", expected: "\(size)")
        }
        try elements(at: data.at, count: dataset.shape.count, dataset)
    }

    private mutating func contiguous(
        _ address: UInt64, stored: UInt64, _ field: DoormanCursor, _ dataset: DoormanDataset, size: UInt64
    ) throws {
        // Nothing was written: whoever reads it is told so.
        if address == Doorman.undefined || size == 0 && stored == 0 { return }
        guard stored == size else {
            throw field.problem("the dataset's stored bytes are not what its shape needs", found: "\(stored) bytes", expected: "\(size)")
        }
        let data = try claim(address, size, "a dataset's elements")
        try elements(at: data.at, count: dataset.shape.count, dataset)
    }

    /// Looks at elements that refer to a heap; numbers are what they are.
    mutating func elements(at start: Int, count: UInt64, _ dataset: DoormanDataset) throws {
        guard let item = dataset.type.itemSize else { return }
        var left = listBytes
        for index in 0..<Int(count) { try variable(at: start + index * 16, itemSize: item, left: &left) }
        listBytes = left
    }

    // MARK: Chunks

    /// What all indexes of chunks need to know.
    struct Chunks {
        let dataset: DoormanDataset
        /// Their shape; with the old index, an element's bytes after it.
        let lengths: [UInt64]
        /// Of the dataset, in chunks along each axis.
        let counts: [UInt64]
        let number: UInt64
        /// Bytes of one, before filters.
        let bytes: UInt64
    }

    /// Checks the chunks' shape, lets `walk` find them, and refuses what nobody can check.
    private mutating func chunks(
        _ lengths: [UInt64], _ field: DoormanCursor, _ dataset: DoormanDataset, _ walk: (inout Doorman, Chunks) throws -> Void
    ) throws {
        let dims = dataset.shape.dims
        guard lengths.count == dims.count + 1, !dims.isEmpty, lengths.allSatisfy({ $0 > 0 }) else {
            throw field.problem(
                "the chunks' shape does not fit the dataset's", found: "\(lengths.count - 1) axes", expected: "\(dims.count)")
        }
        guard lengths.last == UInt64(dataset.type.size) else {
            throw field.problem(
                "the chunks' elements are not the dataset's", found: "\(lengths.last ?? 0) bytes", expected: "\(dataset.type.size)")
        }
        var bytes: UInt64 = 1
        for length in lengths {
            let (next, overflow) = bytes.multipliedReportingOverflow(by: length)
            guard !overflow, next <= UInt64(UInt32.max) else { throw field.problem("a chunk is too large", kind: .resource) }
            bytes = next
        }
        let counts = zip(dims, lengths).map { ($0 + $1 - 1) / $1 }
        let number = counts.reduce(1) { $0 &* $1 }
        try walk(&self, Chunks(dataset: dataset, lengths: lengths, counts: counts, number: number, bytes: bytes))
    }

    private mutating func chunkedByTree(_ field: inout DoormanCursor, _ dataset: DoormanDataset) throws {
        let rank = try field.u8()
        let address = try field.u64()
        let lengths = try (0..<rank).map { _ in UInt64(try field.u32()) }
        try chunks(lengths, field, dataset) { doorman, chunks in try doorman.chunkTree(address, chunks) }
    }

    private mutating func chunked(_ field: inout DoormanCursor, _ dataset: DoormanDataset) throws {
        let flags = try field.u8()
        let rank = try field.u8()
        let width = try field.u8()
        guard flags & ~3 == 0, (1...8).contains(width) else { throw field.problem("a dataset's chunks are laid out in an unknown way") }
        let lengths = try (0..<rank).map { _ in try field.number(width) }
        let index = try field.u8()
        let rest = field
        try chunks(lengths, field, dataset) { doorman, chunks in
            var field = rest
            switch index {
            case 1:
                let isFiltered = flags & 2 != 0
                let size = isFiltered ? try field.u64() : chunks.bytes
                let mask = isFiltered ? try field.u32() : 0
                guard isFiltered == !dataset.filters.isEmpty, chunks.number <= 1 else {
                    throw field.problem("a single chunk is not what its dataset needs")
                }
                try doorman.chunk(try field.u64(), size: size, mask: mask, chunks)
            case 2:
                guard dataset.filters.isEmpty else { throw field.problem("chunks without an index pass through filters") }
                let address = try field.u64()
                if address == Doorman.undefined { return }
                let (size, overflow) = chunks.bytes.multipliedReportingOverflow(by: chunks.number)
                guard !overflow else { throw field.problem("a dataset has too many chunks", kind: .resource) }
                let data = try doorman.claim(address, size, "a dataset's chunks")
                try doorman.elements(at: data.at, count: size / UInt64(dataset.type.size), dataset)
            case 3:
                let bits = try field.u8()
                try doorman.fixedArray(try field.u64(), pageBits: bits, chunks)
            case 5:
                let nodeSize = try field.u32()
                try field.skip(2)
                try doorman.chunkTree2(try field.u64(), nodeSize: nodeSize, chunks)
            case 4:
                let settings = try (0..<5).map { _ in try field.u8() }
                try doorman.extensibleArray(try field.u64(), settings: settings, chunks)
            default:
                throw field.problem(
                    "a dataset's chunks are found by an index that is not known", found: "number \(index)", kind: .unsupported)
            }
        }
    }

    /// One chunk, as it is stored.
    mutating func chunk(_ address: UInt64, size: UInt64, mask: Int, _ chunks: Chunks) throws {
        if address == Doorman.undefined { return }
        let data = try claim(address, size, "a dataset's chunk")
        if data.left == 0 { throw data.problem("a chunk is empty") }
        let filters = chunks.dataset.filters
        guard !filters.contains(.other) else { return }
        if filters.contains(.deflate) {
            let kept = HDF5DeflatedChunks.Chunk(start: data.at + file.base, count: data.left, mask: mask)
            if chunks.dataset.type.itemSize != nil { try hiddenElements(kept, chunks) }
            admission.deflated[chunks.dataset.header, default: HDF5DeflatedChunks(filters: filters, bytes: Int(chunks.bytes))].chunks
                .append(kept)
            return
        }
        let sums = filters.enumerated().count { $1 == .fletcher32 && mask >> $0 & 1 == 0 }
        guard UInt64(data.left) == chunks.bytes + 4 * UInt64(sums) else {
            throw data.problem("a chunk is not as long as its shape", found: "\(data.left) bytes", expected: "\(chunks.bytes)")
        }
        if chunks.dataset.type.itemSize != nil, !filters.isEmpty {
            return try hiddenElements(HDF5DeflatedChunks.Chunk(start: data.at + file.base, count: data.left, mask: mask), chunks)
        }
        try elements(at: data.at, count: chunks.bytes / UInt64(chunks.dataset.type.size), chunks.dataset)
    }

    /// Text of variable length whose references pass through filters: they are passed back, here and now.
    private mutating func hiddenElements(_ chunk: HDF5DeflatedChunks.Chunk, _ chunks: Chunks) throws {
        guard let item = chunks.dataset.type.itemSize, chunks.bytes <= UInt64(min(budgets.hdf5ChunkBytes, max(hiddenBytes, 0))) else {
            throw KerasError(
                .resource, "a dataset of text is compressed so highly that it is taken for a bomb", at: Place(offset: chunk.start),
                found: "\(chunks.bytes) bytes in \(chunk.count)")
        }
        hiddenBytes -= Int(chunks.bytes)
        let plain = HDF5DeflatedChunks(filters: chunks.dataset.filters, bytes: Int(chunks.bytes))
        let elements = try plain.contents(of: chunk, in: file)
        var left = listBytes
        for at in stride(from: 0, to: elements.count - 15, by: 16) {
            func number(_ at: Int, _ width: Int) -> UInt64 { (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(elements[at + $1]) } }
            try variable(
                number(at, 4), heap: number(at + 4, 8), index: number(at + 12, 4), itemSize: item, at: chunk.start - file.base, left: &left)
        }
        listBytes = left
    }
}
