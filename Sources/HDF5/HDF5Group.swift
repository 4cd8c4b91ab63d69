internal import CHDF5
internal import Tensors

/// A group: named members and attributes.
package struct HDF5Group: HDF5Object {
    package let file: HDF5File
    package let path: String

    /// The members' names in the order of their bytes, which is HDF5's own. H5Literate
    ///
    /// Links that will not be followed are listed as well.
    package func names() throws -> [String] {
        try locked { _, group in
            var names: [[UInt8]] = []
            let status = withUnsafeMutablePointer(to: &names) { names in
                var visitor = ch5_names(
                    add: { context, name in
                        guard let name, let names = context?.assumingMemoryBound(to: [[UInt8]].self) else { return }
                        names.pointee.append(bytes(of: name))
                    }, context: names)
                return ch5_list_links(group, &visitor)
            }
            try HDF5Library.check(status, "the group's members cannot be listed")
            return try names.map { try decode($0, "a member's name") }
        }
    }

    /// Whether there is an object at `path`, which may have several components.
    ///
    /// - Throws: a `policy` problem if a link other than a hard one is on the way.
    package func contains(_ path: String) throws -> Bool {
        let full = HDF5Path(path, from: self.path)
        return try KerasError.placing(Place(file: file.name, object: full.text)) {
            try HDF5Library.locked { session in
                let object = try session.find(full, in: file)
                return object != nil
            }
        }
    }

    /// What is at `path`, be it a group or a dataset.
    package func member(_ path: String) throws -> HDF5Member {
        try opened(path) { object, full in
            switch H5Iget_type(object) {
            case H5I_GROUP: return .group(HDF5Group(file: file, path: full))
            case H5I_DATASET: return .dataset(try HDF5Dataset(reading: object, at: full, in: file))
            default: return .other
            }
        }
    }

    /// The group at `path`, which may have several components.
    package func group(_ path: String) throws -> HDF5Group {
        try opened(path) { object, full in
            guard H5Iget_type(object) == H5I_GROUP else {
                throw KerasError(.malformed, "this is not a group", found: kind(of: object), expected: "a group")
            }
            return HDF5Group(file: file, path: full)
        }
    }

    /// The dataset at `path`, which may have several components.
    ///
    /// - Throws: a `policy` problem if its elements are outside the file.
    package func dataset(_ path: String) throws -> HDF5Dataset {
        try opened(path) { object, full in
            guard H5Iget_type(object) == H5I_DATASET else {
                throw KerasError(.malformed, "this is not a dataset", found: kind(of: object), expected: "a dataset")
            }
            return try HDF5Dataset(reading: object, at: full, in: file)
        }
    }

    private func opened<R: Sendable>(_ path: String, _ body: (_ object: Int64, _ path: String) throws -> R) throws -> R {
        let full = HDF5Path(path, from: self.path)
        return try KerasError.placing(Place(file: file.name, object: full.text)) {
            try HDF5Library.locked { session in
                let object = try session.open(full, in: file)
                return try body(object.id, full.text)
            }
        }
    }

    private func kind(of object: Int64) -> String {
        switch H5Iget_type(object) {
        case H5I_GROUP: "a group"
        case H5I_DATASET: "a dataset"
        default: "a named datatype"
        }
    }
}

/// What a group may have in it.
package enum HDF5Member: Sendable {
    case group(HDF5Group)
    case dataset(HDF5Dataset)
    /// A named datatype.
    case other
}
