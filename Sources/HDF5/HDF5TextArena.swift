internal import CHDF5
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Memory for the strings that one reading of a dataset brings: limited while it is read, freed together, also if the reading fails halfway.
///
/// Sound to share: a reading uses it inside the library's lock.
final class HDF5TextArena: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var left: Int

    init(limit: Int) { left = limit }

    deinit { for block in blocks { free(block) } }

    /// Lets the library allocate here. H5Pset_vlen_mem_manager
    func serve(_ transfer: Int64) throws {
        let arena = Unmanaged.passUnretained(self).toOpaque()
        let status = H5Pset_vlen_mem_manager(
            transfer,
            { size, arena in
                guard let arena else { return nil }
                return Unmanaged<HDF5TextArena>.fromOpaque(arena).takeUnretainedValue().allocate(size)
            }, arena, { _, _ in }, arena)
        try HDF5Library.check(status, "the dataset cannot be read")
    }

    /// `size` counts the terminating NUL, which is not in the file.
    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size - 1 <= left, let block = malloc(max(size, 1)) else { return nil }
        left -= max(size - 1, 0)
        blocks.append(block)
        return block
    }
}
