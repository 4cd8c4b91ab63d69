internal import Storage
public import Tensors

extension NPY {
    /// Reads a file whose elements are Python objects, such as the arrays that `numpy.save` once was given several of at once:
    ///
    ///     let (xTrain, xTest, yTrain, yTest) = try NPY.loadObjects("images.npy", allowPickle: true).unpacked()
    ///
    /// Python's reader would run whatever such a file says. This one makes data of it and refuses the rest by name (``Pickle``); saying
    /// `allowPickle: true` is asked for nevertheless, as numpy asks for it.
    ///
    /// - Throws: `noInput` if there is no such file, `policy` unless it is allowed and for a pickle that is not data alone, `mismatch` for a file
    ///   of plain elements, else as ``load(_:mapped:)`` and ``Pickle/load(_:)``.
    public static func loadObjects(_ path: String, allowPickle: Bool = false) throws -> ObjectArray {
        try KerasError.placing(Place(file: path)) { try decodeObjects(try Files.map(path), allowPickle: allowPickle) }
    }

    /// Reads the array of objects that `buffer` begins with, as ``loadObjects(_:allowPickle:)`` does.
    ///
    /// - Throws: as ``loadObjects(_:allowPickle:)``, but for the file itself.
    public static func decodeObjects(_ buffer: Buffer, allowPickle: Bool = false) throws -> ObjectArray {
        guard let pickle = try NPYPickle(buffer) else { throw NPY.noObjects }
        return try pickle.array(isAllowed: allowPickle)
    }

    fileprivate static var noObjects: KerasError {
        KerasError(
            .mismatch, "the elements of the array are no Python objects", at: Place(key: "descr"), expected: "to be read as a tensor")
    }
}

extension NPYPickle {
    /// - Throws: a `policy` problem unless it is allowed; what is wrong with the pickle.
    package func array(isAllowed: Bool) throws -> ObjectArray {
        guard isAllowed else { throw NPYHeader.objectsAreNotAllowed }
        guard case .objects(let array) = try Pickle.decode(bytes) else {
            throw KerasError(.malformed, "the pickle in a .npy file is no array of objects")
        }
        guard array.count == shape.count else {
            throw KerasError(
                .malformed, "the pickle in a .npy file has another shape than its header says", at: Place(key: "shape"),
                found: "\(array.shape)",
                expected: "\(shape)")
        }
        return array
    }
}

extension NPZ {
    /// The array of Python objects of this name, as ``NPY/loadObjects(_:allowPickle:)`` reads it.
    ///
    /// - Throws: a `mismatch` problem if there is none, else as ``NPY/loadObjects(_:allowPickle:)``.
    public func objects(named name: String, allowPickle: Bool = false) throws -> ObjectArray {
        let pickle = try pickle(named: name)
        return try KerasError.placing(Place(file: self.name, object: name)) {
            guard let pickle else { throw NPY.noObjects }
            return try pickle.array(isAllowed: allowPickle)
        }
    }
}
