internal import CHDF5
internal import Storage
internal import Synchronization
package import Tensors

/// An HDF5 file in memory, open for reading. Safe to use from several threads.
///
/// Groups and datasets are values that say where in the file they are; the library's handles are opened and closed inside each call.
package final class HDF5File: Sendable {
    /// What messages call the file.
    package let name: String
    /// The whole file. Contiguous datasets are views of it.
    package let bytes: Buffer
    /// What was found on the way in.
    let admission: HDF5Admission
    /// Used inside ``HDF5Library/locked(_:)`` only.
    let id: Int64

    /// The file at `path`, read into memory.
    ///
    /// - Throws: what ``Files/read(_:)`` and ``init(bytes:name:)`` throw.
    package convenience init(path: String) throws {
        try self.init(bytes: Files.read(path), name: path)
    }

    /// The file that `bytes` are. Their whole structure is looked at before the library sees them, unless ``Budgets/trustsHDF5`` is set.
    ///
    /// - Throws: a `malformed` problem that says what they are instead, or what is wrong with them; `unsupported` or `resource` ones for what is
    ///   not known here or too much.
    package init(bytes: Buffer, name: String) throws {
        self.bytes = bytes
        self.name = name
        (admission, id) = try KerasError.placing(Place(file: name)) {
            let budgets = Budgets.current
            let admission = try bytes.withUnsafeBytes { bytes in
                let superblock = try HDF5Signature.check(bytes)
                return budgets.trustsHDF5 ? HDF5Admission() : try Doorman.admit(bytes, superblock: superblock, budgets: budgets)
            }
            return (admission, try HDF5File.open(bytes))
        }
    }

    /// Looks at a file's structure alone, as ``init(bytes:name:)`` does before anything else.
    package static func inspect(_ bytes: Buffer) throws {
        try bytes.withUnsafeBytes { bytes in
            _ = try Doorman.admit(bytes, superblock: try HDF5Signature.check(bytes), budgets: .current)
        }
    }

    /// Makes sure that nothing in the file leads out of it, as a model's never does: no soft, external or user-defined link, no virtual dataset,
    /// none in other files.
    ///
    /// - Throws: a `policy` problem for each.
    package func requireSelfContained() throws {
        guard !admission.foreign.isEmpty else { return }
        throw KerasError(problems: admission.foreign).placed(Place(file: name))
    }

    deinit {
        // Closes whatever may still be open inside, so that nothing looks at `bytes` any more.
        let id = id
        _ = try? HDF5Library.locked { _ in H5Fclose(id) }
    }

    /// The group that everything is in.
    package var root: HDF5Group { HDF5Group(file: self, path: "/") }

    /// Distinguishes files for the library, which takes two of the same name for one.
    private static let counter = Atomic<Int>(0)

    /// The one place where the library is given a file: always bytes, never a path. H5Pset_file_image, H5Fopen
    ///
    /// The bytes are not copied: when the library asks for memory to copy them into, it gets the bytes themselves.
    private static func open(_ bytes: Buffer) throws -> Int64 {
        let number = counter.add(1, ordering: .relaxed).newValue
        return try HDF5Library.locked { _ in
            let access = try Handle("the file cannot be opened", close: H5Pclose, ch5_create_file_access())
            try HDF5Library.check(ch5_use_core_driver(access.id), "the file cannot be opened")
            try HDF5Library.check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "the file cannot be opened")
            var callbacks = H5FD_file_image_callbacks_t(
                image_malloc: { _, _, image in image },
                image_memcpy: { target, _, _, _, _ in target },
                image_realloc: { _, _, _, _ in nil },
                image_free: { _, _, _ in 0 },
                udata_copy: { image in image },
                udata_free: { _ in 0 },
                udata: bytes.bytes.baseAddress)
            try HDF5Library.check(H5Pset_file_image_callbacks(access.id, &callbacks), "the file cannot be opened")
            try HDF5Library.check(H5Pset_file_image(access.id, bytes.bytes.baseAddress, bytes.count), "the file cannot be opened")
            // The core driver insists that no file of this name exists, and none can below a device.
            return try HDF5Library.check(ch5_open_read_only("/dev/null/image\(number).h5", access.id), "the file is not a valid HDF5 file")
        }
    }
}
