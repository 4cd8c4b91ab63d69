internal import CHDF5
package import Storage
internal import Tensors

/// An HDF5 file in memory, ready to be put on disk: the library has laid it out and written everything but the contiguous datasets' elements,
/// which are still where they were and are put between its pieces when the file is written.
///
/// In superblock 0 and old-style groups, as h5py writes by default and every HDF5 reads.
package struct HDF5Image: Sendable {
    /// The file's bytes from first to last.
    package let content: ByteRope

    package var count: Int { content.count }

    /// Lays out `draft`. Alone in the library while it does.
    ///
    /// - Throws: `unsupported` for element types that have no form in a file, `mismatch` for names that cannot stand in one, `resource`.
    package init(_ draft: HDF5Draft) throws {
        // Rearranged where they are not in row-major order, before the library is held.
        var elements: [Tensor] = []
        let groups = try HDF5Image.flatten(draft.root, at: "", into: &elements)
        content = try HDF5Library.locked { session in
            let memory = HDF5ImageMemory()
            var placed: [(address: Int, tensor: Tensor)] = []
            do {
                var file = try HDF5Image.create(memory, metadata: groups.reduce(0) { $0 + $1.metadataEstimate })
                // Groups and their attributes first, text of variable length among them: what stands in a file's front is not cut by elements.
                for group in groups { try group.write(to: file.id) }
                for group in groups { try group.writeDatasets(to: file.id, elements, &placed) }
                try HDF5Library.check(file.finish(), "the file cannot be finished")
            }
            return try memory.content(with: placed)
        }
    }

    /// H5Fcreate on the core driver, in memory that we give it.
    private static func create(_ memory: HDF5ImageMemory, metadata: Int) throws -> FileHandle {
        let sentence = "the file cannot be created in memory"
        let access = try Handle(sentence, close: H5Pclose, ch5_create_file_access())
        try HDF5Library.check(ch5_use_core_driver(access.id), sentence)
        try HDF5Library.check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), sentence)
        try HDF5Library.check(ch5_use_earliest_format(access.id), sentence)
        // Elements are views of the file's bytes when it is read again: aligned for any type.
        try HDF5Library.check(H5Pset_alignment(access.id, 1, 8), sentence)
        // One block for all that is not elements, so that the driver's memory ends where they begin: it is as long as the last byte written.
        try HDF5Library.check(H5Pset_meta_block_size(access.id, hsize_t(metadata)), sentence)
        try memory.serve(access.id)
        return FileHandle(try HDF5Library.check(ch5_create_file("/dev/null/new.h5", access.id), sentence), in: memory)
    }

    /// The groups of a draft, each after the one it stands in.
    private static func flatten(_ group: HDF5DraftGroup, at path: String, into elements: inout [Tensor]) throws -> [PlannedGroup] {
        var names: Set<String> = []
        var planned = PlannedGroup(path: path.isEmpty ? "/" : path, attributes: group.attributes)
        var inner: [PlannedGroup] = []
        for (name, member) in group.members {
            let place = Place(object: "\(path)/\(name)")
            // By bytes: to Swift a slash with an accent after it is another character.
            guard !name.isEmpty, name != ".", !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "/")) else {
                throw KerasError(.unsupported, "this cannot be the name of an HDF5 object", at: place)
            }
            guard names.insert(name).inserted else {
                throw KerasError(.mismatch, "two objects of the file have the same name", at: place)
            }
            switch member {
            case .group(let next): inner += try flatten(next, at: "\(path)/\(name)", into: &elements)
            case .dataset(let dataset):
                planned.datasets.append(
                    PlannedDataset(
                        path: "\(path)/\(name)", dtype: dataset.tensor.dtype, shape: dataset.tensor.shape, attributes: dataset.attributes,
                        compression: dataset.compression, element: elements.count))
                elements.append(dataset.tensor.isContiguous ? dataset.tensor : try dataset.tensor.contiguous())
            }
        }
        return [planned] + inner
    }
}

/// A file of the library that is being written. Closed once, by ``finish()`` or, if something failed, when it goes out of scope.
private struct FileHandle: ~Copyable {
    let id: Int64
    /// Where the file is, for as long as the library may write to it: that is, when it is closed at last.
    private let memory: HDF5ImageMemory
    private var isOpen = true

    init(_ id: Int64, in memory: HDF5ImageMemory) { (self.id, self.memory) = (id, memory) }

    /// H5Fclose, which writes what the library still holds.
    mutating func finish() -> Int32 {
        isOpen = false
        return H5Fclose(id)
    }

    deinit { if isOpen { withExtendedLifetime(memory) { _ = H5Fclose(id) } } }
}

private struct PlannedGroup {
    let path: String
    let attributes: [(name: String, value: HDF5DraftValue)]
    var datasets: [PlannedDataset] = []

    init(path: String, attributes: [(name: String, value: HDF5DraftValue)]) {
        self.path = path
        self.attributes = attributes
    }

    /// Bytes that the library will need for what is not elements: a group's header, B-tree, heap and nodes, a dataset's header, attributes.
    /// A guess: too much leaves a gap in the file, too little makes the library's memory reach round the elements.
    var metadataEstimate: Int {
        let names = attributes.reduce(0) { $0 + 64 + $1.name.utf8.count + $1.value.headerBytes }
        let own = 1152 + names + datasets.reduce(0) { $0 + 16 + $1.path.utf8.count }
        return own + (datasets.count / 4) * 328 + datasets.reduce(0) { $0 + 288 + $1.attributes.count * 128 }
    }

    /// H5Gcreate2; the root is there already.
    func write(to file: Int64) throws {
        try KerasError.placing(Place(object: path)) {
            if path != "/" {
                _ = try Handle(
                    "the group cannot be created", close: H5Gclose, H5Gcreate2(file, path, ch5_default(), ch5_default(), ch5_default()))
            }
            let group = try Handle("the group cannot be opened", close: H5Oclose, H5Oopen(file, path, ch5_default()))
            for (name, value) in attributes { try value.write(name, to: group.id) }
        }
    }

    func writeDatasets(to file: Int64, _ elements: [Tensor], _ placed: inout [(address: Int, tensor: Tensor)]) throws {
        for dataset in datasets {
            try KerasError.placing(Place(object: dataset.path)) {
                if let address = try dataset.write(to: file, elements[dataset.element]) {
                    placed.append((address, elements[dataset.element]))
                }
            }
        }
    }
}

private struct PlannedDataset {
    let path: String
    let dtype: DType
    let shape: Shape
    let attributes: [(name: String, value: HDF5DraftValue)]
    let compression: HDF5Compression
    /// Which of the elements are its own.
    let element: Int

    /// H5Dcreate2. Contiguous elements are given their place and not written; the place is returned.
    func write(to file: Int64, _ tensor: Tensor) throws -> Int? {
        let sentence = "the dataset cannot be created"
        let type = try HDF5Datatype.fileType(dtype)
        let space = try Handle(sentence, close: H5Sclose, HDF5Image.space(shape))
        let creation = try Handle(sentence, close: H5Pclose, ch5_create_dataset_creation())
        try HDF5Library.check(H5Pset_obj_track_times(creation.id, false), sentence)
        try HDF5Library.check(H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER), sentence)
        let chunks = compression == .gzip ? HDF5Image.chunks(shape, elementSize: dtype.size) : nil
        if let chunks {
            try HDF5Library.check(chunks.withUnsafeBufferPointer { H5Pset_chunk(creation.id, Int32($0.count), $0.baseAddress) }, sentence)
            try HDF5Library.check(H5Pset_shuffle(creation.id), sentence)
            try HDF5Library.check(H5Pset_deflate(creation.id, 4), sentence)
        } else {
            try HDF5Library.check(H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_EARLY), sentence)
        }
        let dataset = try Handle(
            sentence, close: H5Dclose, H5Dcreate2(file, path, type.id, space.id, ch5_default(), creation.id, ch5_default()))
        for (name, value) in attributes { try value.write(name, to: dataset.id) }
        if tensor.byteCount == 0 { return nil }
        if chunks != nil {
            let status = tensor.withUnsafeBytes { H5Dwrite(dataset.id, type.id, ch5_all(), ch5_all(), ch5_default(), $0.baseAddress) }
            try HDF5Library.check(status, "the dataset cannot be written")
            return nil
        }
        let address = H5Dget_offset(dataset.id)
        guard address != ch5_undefined_address(), let address = Int(exactly: address) else {
            throw HDF5Library.failure("the dataset has no place in the file")
        }
        return address
    }
}

extension HDF5Image {
    /// H5Screate_simple, H5Screate
    fileprivate static func space(_ shape: Shape) -> Int64 {
        if shape.rank == 0 { return H5Screate(H5S_SCALAR) }
        return shape.dims.map { hsize_t($0) }.withUnsafeBufferPointer { H5Screate_simple(Int32(shape.rank), $0.baseAddress, nil) }
    }

    /// Whole rows of about a megabyte, or parts of a row that is longer; nil for what is not worth a chunk.
    fileprivate static func chunks(_ shape: Shape, elementSize: Int) -> [hsize_t]? {
        let target = 1 << 20
        guard shape.rank > 0, shape.count * elementSize >= 1 << 10 else { return nil }
        var lengths = shape.dims
        var bytes = shape.count * elementSize
        for axis in lengths.indices where bytes > target {
            let rest = bytes / lengths[axis]
            lengths[axis] = max(1, min(lengths[axis], target / max(rest, 1)))
            bytes = rest * lengths[axis]
        }
        return lengths.map { hsize_t($0) }
    }
}
