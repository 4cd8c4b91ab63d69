internal import CHDF5
package import Tensors

/// A group or a dataset: a place in a file that may have attributes.
package protocol HDF5Object: Sendable {
    var file: HDF5File { get }
    /// Absolute, without a `/` at its end; the root group's is `/`.
    var path: String { get }
}

extension HDF5Object {
    /// For messages.
    package var place: Place { Place(file: file.name, object: path) }

    /// The attribute with its value; nil if there is none of this name. H5Aexists, H5Aopen, H5Aread
    package func attribute(_ name: String) throws -> HDF5Attribute? {
        try locked { _, object in try HDF5Attribute(reading: name, of: object, at: path, in: file) }
    }

    /// All attributes' names, in the order of their bytes. H5Aiterate2
    package func attributeNames() throws -> [String] {
        try locked { _, object in
            var names: [[UInt8]] = []
            let status = withUnsafeMutablePointer(to: &names) { names in
                H5Aiterate2(
                    object, H5_INDEX_NAME, H5_ITER_INC, nil,
                    { _, name, _, context in
                        guard let name, let names = context?.assumingMemoryBound(to: [[UInt8]].self) else { return -1 }
                        names.pointee.append(bytes(of: name))
                        return 0
                    }, names)
            }
            try HDF5Library.check(status, "the attributes cannot be listed")
            return try names.map { try decode($0, "an attribute's name") }
        }
    }

    /// A list of names that Keras spreads over `name0`, `name1`, … where one attribute cannot hold it; empty if there is neither.
    package func stringList(_ name: String) throws -> [String] {
        if let whole = try attribute(name) { return try whole.strings() }
        var list: [String] = []
        for number in 0..<HDF5Limits.nameChunks {
            guard let part = try attribute("\(name)\(number)") else { break }
            list += try part.strings()
        }
        return list
    }

    /// Runs `body` in the library with this object open.
    func locked<R: Sendable>(_ body: (HDF5Library.Session, _ object: Int64) throws -> R) throws -> R {
        try KerasError.placing(place) {
            try HDF5Library.locked { session in
                let object = try session.open(HDF5Path(path), in: file)
                return try body(session, object.id)
            }
        }
    }
}

/// A path's components. HDF5 knows no `..`, and takes `.` and nothing for the group itself.
struct HDF5Path {
    var components: [String]

    init(_ text: String) {
        // By bytes: to Swift a slash with an accent after it is another character.
        components = text.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "." }
    }

    /// `text` as seen from the group at `base`.
    init(_ text: String, from base: String) {
        self.init(text.utf8.first == UInt8(ascii: "/") ? text : base + "/" + text)
    }

    var text: String { "/" + components.joined(separator: "/") }
}

extension HDF5Library.Session {
    /// - Throws: as ``find(_:in:)``, and a `malformed` problem if there is no such object.
    func open(_ path: HDF5Path, in file: HDF5File) throws -> Handle {
        guard let object = try find(path, in: file) else {
            throw KerasError(.malformed, "there is no such group or dataset", at: Place(file: file.name, object: path.text))
        }
        return object
    }

    /// Opens what stands at `path`, or nil. Every link on the way is looked at before it is followed. H5Lexists, H5Lget_info, H5Oopen
    ///
    /// - Throws: a `policy` problem for a link that is not a hard one: it could lead into another file.
    func find(_ path: HDF5Path, in file: HDF5File) throws -> Handle? {
        guard path.components.count <= Budgets.current.hdf5PathDepth else {
            throw KerasError(
                .resource, "groups are nested too deeply", found: "\(path.components.count)",
                expected: "at most \(Budgets.current.hdf5PathDepth)")
        }
        var object = try Handle("the root group cannot be opened", close: H5Oclose, H5Oopen(file.id, "/", linkAccess))
        var walked = ""
        for name in path.components {
            // A C string ends at the first NUL; the name would stand for another.
            guard H5Iget_type(object.id) == H5I_GROUP, !name.utf8.contains(0) else { return nil }
            walked += "/" + name
            let exists = try HDF5Library.check(H5Lexists(object.id, name, linkAccess), "the group's links cannot be read")
            if exists == 0 { return nil }
            let link = try HDF5Library.check(ch5_link_class(object.id, name, linkAccess), "a link cannot be read")
            guard link == H5L_TYPE_HARD.rawValue else {
                throw KerasError(
                    .policy, "a link other than a hard one is not followed", at: Place(object: walked),
                    found: HDF5Library.Session.kind(ofLink: link))
            }
            // Whoever opens an object has the library read its header and more.
            if let refused = file.admission.refused[UInt64(ch5_link_target(object.id, name, linkAccess))] {
                throw KerasError(problems: [refused]).placed(Place(object: walked))
            }
            object = try Handle("the object '\(name)' cannot be opened", close: H5Oclose, H5Oopen(object.id, name, linkAccess))
        }
        return object
    }

    private static func kind(ofLink link: Int32) -> String {
        switch link {
        case H5L_TYPE_SOFT.rawValue: "a soft link"
        case H5L_TYPE_EXTERNAL.rawValue: "a link into another file"
        default: "a link of the user-defined class \(link)"
        }
    }
}

/// A C string's bytes without its NUL.
func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var next = text
    while next.pointee != 0 {
        bytes.append(UInt8(bitPattern: next.pointee))
        next += 1
    }
    return bytes
}

/// - Throws: a `malformed` problem if `bytes` are not UTF-8: a replaced character would be another name.
func decode(_ bytes: some Sequence<UInt8>, _ what: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw KerasError(.malformed, "\(what) is not valid UTF-8", found: "'\(String(decoding: Array(bytes.prefix(80)), as: UTF8.self))'")
    }
    return text
}
