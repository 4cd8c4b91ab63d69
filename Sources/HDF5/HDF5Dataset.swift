internal import CHDF5
package import Tensors

/// An array in a file: its shape, the type of its elements, and where they are. Nothing is read before ``tensor()`` or ``strings()``.
package struct HDF5Dataset: HDF5Object {
    package let file: HDF5File
    package let path: String
    /// `()` for a scalar.
    package let shape: Shape
    package let datatype: HDF5Datatype
    package let storage: HDF5Storage
    /// The address of its header.
    let header: UInt64

    /// Nil for text of variable length and for elements that make no tensor; ``datatype`` says what they are.
    package var dtype: DType? { datatype.dtype }

    /// The elements. Contiguous ones in this machine's byte order are a view of the file's bytes, others are read into memory of their own.
    ///
    /// - Parameter opaque: what opaque elements of its size are, where the caller knows: Keras 3 does not label bfloat16 in a whole-model `.h5`.
    /// - Throws: an `unsupported` problem for elements that make no tensor, `malformed` or `resource` if the file holds less than the shape says.
    package func tensor(opaqueAs opaque: DType? = nil) throws -> Tensor {
        try KerasError.placing(place) {
            var datatype = datatype
            if datatype.kind == .opaque, let opaque, opaque.size == datatype.size { datatype.kind = .numbers(opaque) }
            guard datatype.dtype != nil else {
                throw KerasError(.unsupported, "elements of this kind are not read as a tensor", found: "\(datatype)")
            }
            let size = try checkedSize()
            if shape.count > 0, case .contiguous(let address, _) = storage {
                return try datatype.tensor(shape: shape, buffer: file.bytes, byteOffset: address)
            }
            let buffer = try Buffer(count: size)
            if shape.count > 0 {
                try file.admission.deflated[header]?.check(file.bytes)
                try locked { _, dataset in
                    let type = try Handle("the element type cannot be read", close: H5Tclose, H5Dget_type(dataset))
                    try HDF5Library.check(
                        H5Dread(dataset, type.id, ch5_all(), ch5_all(), ch5_default(), buffer.bytes.baseAddress),
                        "the dataset cannot be read")
                }
            }
            return try datatype.tensor(shape: shape, buffer: buffer, byteOffset: 0)
        }
    }

    /// The elements of a dataset of text, in row-major order.
    ///
    /// - Throws: a `malformed` problem if it is not text, or not UTF-8.
    package func strings() throws -> [String] {
        try KerasError.placing(place) {
            guard datatype.isText else {
                throw KerasError(.malformed, "the dataset is not text", found: "\(datatype)", expected: "text")
            }
            guard datatype.kind == .variableText else { return try datatype.strings(try tensor()) }
            if shape.count == 0 { return [] }
            let pointers = try Buffer(count: try checkedSize())
            // Distinct strings are stored once each, so all of them are no longer than the file.
            let arena = HDF5TextArena(limit: file.bytes.count)
            try locked { _, dataset in
                let type = try Handle("the element type cannot be read", close: H5Tclose, H5Dget_type(dataset))
                let transfer = try Handle("the dataset cannot be read", close: H5Pclose, ch5_create_transfer())
                try arena.serve(transfer.id)
                try HDF5Library.check(
                    H5Dread(dataset, type.id, ch5_all(), ch5_all(), transfer.id, pointers.bytes.baseAddress), "the dataset cannot be read")
            }
            defer { withExtendedLifetime(arena) {} }
            return try pointers.bytes.bindMemory(to: UnsafePointer<CChar>?.self).map { text in
                guard let text else { return "" }
                return try decode(bytes(of: text), "the text")
            }
        }
    }

    /// The bytes the elements take in memory, after making sure that the file can hold that much.
    private func checkedSize() throws -> Int {
        let (size, overflow) = shape.count.multipliedReportingOverflow(by: datatype.size)
        guard !overflow, datatype.size <= Budgets.current.hdf5ElementBytes else {
            throw KerasError(.resource, "the dataset is too large", found: "\(shape) elements of \(datatype.size) bytes")
        }
        if size > 0 { try storage.check(size: size, shape: shape, isVariable: datatype.kind == .variableText, file: file.bytes.count) }
        return size
    }
}

extension HDF5Dataset {
    /// Inside the lock only.
    ///
    /// - Throws: a `policy` problem if the elements are outside the file.
    init(reading dataset: Int64, at path: String, in file: HDF5File) throws {
        self.file = file
        self.path = path
        header = UInt64(ch5_object_address(dataset))
        // First, because asking a virtual dataset for its shape opens the files it is made of.
        storage = try HDF5Storage(dataset)
        let space = try Handle("the dataset's shape cannot be read", close: H5Sclose, H5Dget_space(dataset))
        let type = try Handle("the dataset's element type cannot be read", close: H5Tclose, H5Dget_type(dataset))
        shape = try HDF5.shape(ofSpace: space.id)
        var datatype = try HDF5Datatype(type.id)
        // Keras 3 stores bfloat16 as two opaque bytes, and in a `.weights.h5` says so beside them.
        if datatype.kind == .opaque, datatype.size == 2, let label = try HDF5Attribute(reading: "dtype", of: dataset, at: path, in: file),
            try KerasError.orNil({ try label.string() }) == "bfloat16"
        {
            datatype.kind = .numbers(.bfloat16)
        }
        self.datatype = datatype
    }
}
