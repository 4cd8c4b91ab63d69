internal import CHDF5
package import Tensors

/// An attribute with its value, as it was when it was asked for.
package struct HDF5Attribute: Sendable {
    package let name: String
    /// `()` for a scalar.
    package let shape: Shape
    package let datatype: HDF5Datatype
    /// For messages.
    package let place: Place
    private let value: Value

    private enum Value: Sendable {
        /// Of variable length; decoded when asked for, so that one bad string spoils nothing else.
        case text([[UInt8]])
        case tensor(Tensor)
        case unread
    }

    /// The one string it holds.
    package func string() throws -> String {
        let strings = try strings()
        guard strings.count == 1, shape.count == 1 else { throw unexpected("one string") }
        return strings[0]
    }

    /// The strings it holds: none if it is empty, of whatever element type, since h5py writes an empty list as numbers.
    package func strings() throws -> [String] {
        if shape.count == 0 { return [] }
        guard datatype.isText else { throw unexpected("text") }
        return try KerasError.placing(place) {
            switch value {
            case .text(let texts): try texts.map { try decode($0, "the text") }
            case .tensor(let tensor): try datatype.strings(tensor)
            case .unread: []
            }
        }
    }

    /// The one whole number it holds.
    package func integer() throws -> Int {
        guard case .tensor(let tensor) = value, tensor.count == 1, tensor.dtype.isInteger || tensor.dtype == .bool else {
            throw unexpected("one whole number")
        }
        let number = try tensor.scalars(as: Int.self)[0]
        if tensor.dtype == .uint64 && number < 0 { throw unexpected("a whole number below 2^63") }
        return number
    }

    /// The one real number it holds, whole ones included.
    package func number() throws -> Double {
        guard case .tensor(let tensor) = value, tensor.count == 1, tensor.dtype.isNumeric else { throw unexpected("one number") }
        return try tensor.scalars(as: Double.self)[0]
    }

    /// Its elements; fixed-length text too.
    package func tensor() throws -> Tensor {
        guard case .tensor(let tensor) = value else { throw unexpected("elements of a fixed size") }
        return tensor
    }

    private func unexpected(_ expected: String) -> KerasError {
        let found = shape.rank == 0 ? "\(datatype)" : "\(datatype) of shape \(shape)"
        return KerasError(.malformed, "the attribute is not what it should be", at: place, found: found, expected: expected)
    }
}

extension HDF5Attribute {
    /// Nil if `object` has no attribute of this name. Inside the lock only.
    ///
    /// The memory type is the attribute's own, always: the library refuses to convert between ASCII and UTF-8, and cuts off characters where it
    /// converts between paddings.
    init?(reading name: String, of object: Int64, at path: String, in file: HDF5File) throws {
        guard !name.utf8.contains(0) else { return nil }
        place = Place(file: file.name, object: (path == "/" ? "" : path) + "/@" + name)
        self.name = name
        do {
            guard try HDF5Library.check(H5Aexists(object, name), "the attributes cannot be searched") > 0 else { return nil }
            let attribute = try Handle("the attribute cannot be opened", close: H5Aclose, H5Aopen(object, name, ch5_default()))
            let space = try Handle("the attribute's shape cannot be read", close: H5Sclose, H5Aget_space(attribute.id))
            let type = try Handle("the attribute's type cannot be read", close: H5Tclose, H5Aget_type(attribute.id))
            shape = try HDF5.shape(ofSpace: space.id)
            datatype = try HDF5Datatype(type.id)
            let (size, overflow) = shape.count.multipliedReportingOverflow(by: datatype.size)
            let limit = min(Budgets.current.hdf5AttributeBytes, file.bytes.count)
            guard !overflow, size <= limit, datatype.size <= Budgets.current.hdf5ElementBytes else {
                throw KerasError(
                    .resource, "the attribute is too large", found: "\(shape.count) elements of \(datatype.size) bytes",
                    expected: "at most \(limit) bytes")
            }
            switch datatype.kind {
            case .variableText:
                value = .text(
                    shape.count == 0 ? [] : try HDF5Attribute.texts(attribute.id, type: type.id, space: space.id, count: shape.count))
            case .numbers, .fixedText:
                let buffer = try Buffer(count: size)
                if size > 0 {
                    try HDF5Library.check(H5Aread(attribute.id, type.id, buffer.bytes.baseAddress), "the attribute's value cannot be read")
                }
                value = .tensor(try datatype.tensor(shape: shape, buffer: buffer, byteOffset: 0))
            case .opaque, .other:
                value = .unread
            }
        } catch let error as KerasError {
            throw error.placed(place)
        }
    }

    /// H5Aread of text of variable length, whose memory the library allocates and takes back. H5Dvlen_reclaim
    private static func texts(_ attribute: Int64, type: Int64, space: Int64, count: Int) throws -> [[UInt8]] {
        // Zeroed, so that what a failed reading did not reach is nothing to free.
        let pointers = try Buffer(count: count * MemoryLayout<UnsafeMutablePointer<CChar>?>.size)
        let status = H5Aread(attribute, type, pointers.bytes.baseAddress)
        guard status >= 0 else { throw HDF5Library.failure("the attribute's text cannot be read") }
        defer { H5Dvlen_reclaim(type, space, ch5_default(), pointers.bytes.baseAddress) }
        var left = Budgets.current.hdf5AttributeBytes
        return try pointers.bytes.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { text in
            let copy = text.map { bytes(of: $0) } ?? []
            left -= copy.count
            guard left >= 0 else {
                throw KerasError(
                    .resource, "the attribute's text is too long", expected: "at most \(Budgets.current.hdf5AttributeBytes) bytes")
            }
            return copy
        }
    }
}
