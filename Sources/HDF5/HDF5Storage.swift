internal import CHDF5
internal import Tensors

/// How a dataset's elements stand in the file, and whether there are as many as its shape says.
package enum HDF5Storage: Sendable, Hashable {
    /// Together, `stored` bytes at `address`, which counts from the file's first byte. Not written yet: no bytes.
    case contiguous(address: Int, stored: Int)
    /// In the object's header.
    case compact(stored: Int)
    /// In pieces of equal shape, perhaps through filters.
    case chunked(HDF5Chunks)
}

package struct HDF5Chunks: Sendable, Hashable {
    /// The chunks' shape.
    package let shape: [Int]
    /// Bytes of all chunks as they are stored.
    package let stored: Int
    package let filters: [HDF5Filter]
}

package enum HDF5Filter: Sendable, Hashable, CustomStringConvertible {
    case deflate, shuffle, fletcher32
    /// One that is not used here, by its number in HDF5's registry.
    case other(Int)

    package var description: String {
        switch self {
        case .deflate: "deflate"
        case .shuffle: "shuffle"
        case .fletcher32: "fletcher32"
        case .other(4): "szip"
        case .other(5): "nbit"
        case .other(6): "scaleoffset"
        case .other(32000): "lzf"
        case .other(let number): "number \(number)"
        }
    }
}

extension HDF5Storage {
    /// Asks only what the library answers from the dataset's header. H5Dget_create_plist, H5Pget_layout, H5Pget_external_count
    ///
    /// - Throws: a `policy` problem if the elements are in other files or other datasets.
    init(_ dataset: Int64) throws {
        let sentence = "the dataset's storage cannot be read"
        let creation = try Handle(sentence, close: H5Pclose, H5Dget_create_plist(dataset))
        let layout = H5Pget_layout(creation.id)
        guard layout != H5D_VIRTUAL else {
            throw KerasError(.policy, "a virtual dataset is not read", found: "one made of parts of other datasets")
        }
        let externals = try HDF5Library.check(H5Pget_external_count(creation.id), sentence)
        guard externals == 0 else {
            throw KerasError(.policy, "a dataset whose elements are outside the file is not read", found: "\(externals) external files")
        }
        let stored = Int(clamping: H5Dget_storage_size(dataset))
        switch layout {
        case H5D_CONTIGUOUS:
            let address = H5Dget_offset(dataset)
            let isUnwritten = address == ch5_undefined_address()
            self = .contiguous(address: isUnwritten ? 0 : Int(clamping: address), stored: isUnwritten ? 0 : stored)
        case H5D_COMPACT:
            self = .compact(stored: stored)
        case H5D_CHUNKED:
            var lengths = [hsize_t](repeating: 0, count: Budgets.current.hdf5Rank)
            let rank = Int(try HDF5Library.check(H5Pget_chunk(creation.id, Int32(lengths.count), &lengths), sentence))
            let count = try HDF5Library.check(H5Pget_nfilters(creation.id), sentence)
            let filters = try (0..<count).map { try HDF5Filter(creation.id, UInt32($0)) }
            self = .chunked(HDF5Chunks(shape: lengths.prefix(rank).map { Int(clamping: $0) }, stored: stored, filters: filters))
        default:
            throw HDF5Library.failure(sentence)
        }
    }

    /// - Throws: a problem if `size` bytes of elements cannot be what is stored in a file of `file` bytes.
    func check(size: Int, shape: Shape, isVariable: Bool, file: Int) throws {
        // In the file an element of variable length is its length, an address of at least 2 bytes and an index.
        let needed = isVariable ? shape.count * 10 : size
        switch self {
        case .contiguous(let address, let stored):
            guard isVariable ? stored >= needed : stored == needed else { throw HDF5Storage.mismatch(stored, needed) }
            guard address >= 0, address <= file, stored <= file - address else {
                throw KerasError(
                    .malformed, "the dataset's elements reach beyond the end of the file", found: "\(stored) bytes at \(address)",
                    expected: "the end at or before \(file)")
            }
        case .compact(let stored):
            guard isVariable ? stored >= needed : stored == needed else { throw HDF5Storage.mismatch(stored, needed) }
        case .chunked(let chunks):
            try chunks.check(needed: needed, extent: shape.dims, elementSize: size / max(shape.count, 1), file: file)
        }
    }

    fileprivate static func mismatch(_ stored: Int, _ needed: Int) -> KerasError {
        KerasError(.malformed, "the dataset's stored bytes are not what its shape needs", found: "\(stored) bytes", expected: "\(needed)")
    }
}

extension HDF5Chunks {
    fileprivate func check(needed: Int, extent: [Int], elementSize: Int, file: Int) throws {
        for case .other(let number) in filters {
            throw KerasError(.unsupported, "the dataset is stored through a filter that is not known", found: "\(HDF5Filter.other(number))")
        }
        guard shape.count == extent.count, shape.allSatisfy({ $0 > 0 }) else {
            throw KerasError(
                .malformed, "the chunks' shape does not fit the dataset's", found: Shape.text(shape), expected: "\(extent.count) lengths")
        }
        guard let chunkBytes = product([elementSize] + shape), chunkBytes <= Budgets.current.hdf5ChunkBytes else {
            throw KerasError(
                .resource, "a chunk is too large", found: Shape.text(shape), expected: "at most \(Budgets.current.hdf5ChunkBytes) bytes")
        }
        // Every filter but deflate keeps the length or adds to it. Chunks that were never written count as missing.
        let (most, overflow) = stored.multipliedReportingOverflow(by: filters.contains(.deflate) ? HDF5Limits.inflateRatio : 1)
        guard stored <= file, overflow || most >= needed else { throw HDF5Storage.mismatch(stored, needed) }
        // A chunk takes at least a byte, so a file of n bytes has at most n of them to look up.
        guard let number = product(zip(extent, shape).map { ($0 - 1) / $1 + 1 }), number <= file else {
            throw KerasError(.resource, "the dataset has more chunks than the file can hold")
        }
    }
}

/// Nil if it does not fit.
private func product(_ factors: [Int]) -> Int? {
    factors.reduce(1) { product, factor in
        product.flatMap {
            let (next, overflow) = $0.multipliedReportingOverflow(by: factor)
            return overflow ? nil : next
        }
    }
}

extension HDF5Filter {
    /// H5Pget_filter2
    fileprivate init(_ creation: Int64, _ index: UInt32) throws {
        var (flags, count, configuration): (UInt32, Int, UInt32) = (0, 0, 0)
        let number = H5Pget_filter2(creation, index, &flags, &count, nil, 0, nil, &configuration)
        switch try HDF5Library.check(number, "a filter cannot be read") {
        case H5Z_FILTER_DEFLATE: self = .deflate
        case H5Z_FILTER_SHUFFLE: self = .shuffle
        case H5Z_FILTER_FLETCHER32: self = .fletcher32
        default: self = .other(Int(number))
        }
    }
}
