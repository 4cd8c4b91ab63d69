internal import CHDF5
internal import Storage
internal import Tensors
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The memory that the library's core driver keeps a new file in. It is ours, so that the file is not copied out of it, and it reaches no
/// further than the last byte that the library wrote.
///
/// Sound to share: the library uses it inside the lock.
final class HDF5ImageMemory: @unchecked Sendable {
    private var start: UnsafeMutableRawPointer?
    private var count = 0

    deinit { free(start) }

    /// Lets the library keep the file here. H5Pset_file_image_callbacks
    func serve(_ access: Int64) throws {
        var callbacks = H5FD_file_image_callbacks_t(
            image_malloc: { size, _, memory in HDF5ImageMemory.from(memory)?.resize(to: size) },
            image_memcpy: { target, source, size, _, _ in target.map { memcpy($0, source!, size) } },
            image_realloc: { _, size, _, memory in HDF5ImageMemory.from(memory)?.resize(to: size) },
            // It stays ours.
            image_free: { _, _, _ in 0 },
            udata_copy: { memory in memory },
            udata_free: { _ in 0 },
            udata: Unmanaged.passUnretained(self).toOpaque())
        try HDF5Library.check(H5Pset_file_image_callbacks(access, &callbacks), "the file cannot be created in memory")
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> HDF5ImageMemory? {
        pointer.map { Unmanaged<HDF5ImageMemory>.fromOpaque($0).takeUnretainedValue() }
    }

    private func resize(to size: Int) -> UnsafeMutableRawPointer? {
        guard let new = realloc(start, max(size, 1)) else { return nil }
        start = new
        count = size
        return new
    }

    /// The finished file: these bytes with the elements of `placed` in their places. Takes the memory out of here.
    func content(with placed: [(address: Int, tensor: Tensor)]) throws -> ByteRope {
        guard let start else { throw HDF5Library.failure("the file was not written") }
        let bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
        guard let end = HDF5Signature.endOfFile(UnsafeRawBufferPointer(bytes), superblock: 0).flatMap({ Int(exactly: $0) }) else {
            throw HDF5Library.failure("the file was not written")
        }
        self.start = nil
        let image = Buffer(bytes: bytes) { free(start) }
        var rope = ByteRope()
        // The file's bytes up to `goal`: those that the library wrote, and zeros where it only left room.
        func fill(to goal: Int) throws {
            let written = min(goal, image.count)
            if rope.count < written { rope.append(image, rope.count..<written) }
            if rope.count < goal { rope.append(try Buffer(count: goal - rope.count)) }
        }
        for (address, tensor) in placed.sorted(by: { $0.address < $1.address }) {
            guard address >= rope.count, address + tensor.byteCount <= end else {
                throw KerasError(.malformed, "the HDF5 library gave two datasets the same place")
            }
            try fill(to: address)
            rope.append(tensor)
        }
        try fill(to: end)
        return rope
    }
}
