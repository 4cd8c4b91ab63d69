internal import Tensors

extension DoormanBytes {
    /// The part of a file that is HDF5's, with its superblock at `superblock`. ``HDF5Signature`` has found it, and that the file is whole.
    init(_ all: UnsafeRawBufferPointer, superblock: Int) throws {
        guard let end = HDF5Signature.endOfFile(all, superblock: superblock).flatMap({ Int(exactly: $0) }), end <= all.count,
            end - superblock >= 48
        else {
            throw KerasError(.malformed, "the superblock says nonsense about the file's length", at: Place(offset: superblock))
        }
        bytes = UnsafeRawBufferPointer(rebasing: all[superblock..<end])
        base = superblock
    }
}

extension Doorman {
    private static let undefined = UInt64.max

    /// The first structure of a file, which says where the root group is.
    mutating func readSuperblock() throws {
        let version = Int(file.bytes[8])
        switch version {
        case 0, 1: try readOldSuperblock(version)
        case 2, 3: try readNewSuperblock()
        default:
            throw KerasError(
                .unsupported, "the superblock is of a version that is not known", at: Place(offset: 8 + file.base), found: "\(version)",
                expected: "0 to 3")
        }
    }

    private mutating func readOldSuperblock(_ version: Int) throws {
        var field = try claim(0, version == 0 ? 96 : 100, "the superblock")
        try field.skip(9)
        for what in ["the free space's storage", "the root group's entry"] { _ = try field.version(0...0, of: what) }
        try field.skip(1)
        _ = try field.version(0...0, of: "the shared header messages' format")
        try widths(&field)
        try field.skip(1)
        leafK = try k(&field)
        groupK = try k(&field)
        // Written, and closed properly: old writers left them as they were, and nobody reads them.
        guard try field.number(4) & ~7 == 0 else { throw field.problem("the superblock has flags that are not known") }
        if version == 1 {
            chunkK = try k(&field)
            try field.skip(2)
        }
        try field.skip(8)
        guard try field.u64() == Doorman.undefined else {
            throw field.problem("the superblock has a list of free space", expected: "none", kind: .unsupported)
        }
        try field.skip(8)
        guard try field.u64() == Doorman.undefined else {
            throw field.problem(
                "the file belongs to a driver that spreads it over several", expected: "no driver's block", kind: .unsupported)
        }
        try field.skip(8)
        let root = try field.u64()
        admission.root = root
        try found(root, name: 0..<0)
        try readScratch(&field, of: root, heap: nil, name: 0..<0)
    }

    private mutating func readNewSuperblock() throws {
        var field = try claim(0, 48, "the superblock")
        try field.skip(9)
        try widths(&field)
        guard try field.u8() == 0 else {
            throw field.problem(
                "the file was not closed by who wrote it, or is open still", found: "flags in its superblock", expected: "none")
        }
        try field.skip(8)
        let extension_ = try field.u64()
        try field.skip(8)
        let root = try field.u64()
        try field.checksum(from: 0, "the superblock")
        guard extension_ == Doorman.undefined else {
            throw field.problem("the superblock has an extension", expected: "none", kind: .unsupported)
        }
        admission.root = root
        try found(root, name: 0..<0)
    }

    private func widths(_ field: inout DoormanCursor) throws {
        for what in ["addresses", "lengths"] {
            let width = try field.u8()
            guard width == 8 else {
                throw field.problem("the file's \(what) have an uncommon width", found: "\(width) bytes", expected: "8", kind: .unsupported)
            }
        }
    }

    private func k(_ field: inout DoormanCursor) throws -> Int {
        let k = try field.u16()
        guard k > 0 else { throw field.problem("the superblock has nodes without room", found: "0") }
        return k
    }
}
