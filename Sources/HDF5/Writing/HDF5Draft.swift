package import Tensors

/// A file that is to be written: its groups, datasets and attributes as values, in the order in which they go into the file.
///
/// The same draft makes the same bytes: no times are stored, and nothing hangs on addresses or hashes. Nothing is checked before
/// ``HDF5Image/init(_:)``.
package struct HDF5Draft: Sendable {
    package var root = HDF5DraftGroup()

    package init() {}
}

/// A group to be: attributes and members, which keep the order they were added in.
package struct HDF5DraftGroup: Sendable {
    package var attributes: [(name: String, value: HDF5DraftValue)] = []
    package private(set) var members: [(name: String, member: HDF5DraftMember)] = []

    package init() {}

    /// Adds an attribute.
    package mutating func add(attribute name: String, _ value: HDF5DraftValue) { attributes.append((name, value)) }

    /// Adds a list of names as Keras does: in one attribute, or in `name0`, `name1`, … where that would be too long for one.
    ///
    /// - Throws: `unsupported` for a name too long for any.
    package mutating func add(names list: [String], as name: String) throws {
        let longest = list.reduce(0) { max($0, $1.utf8.count) }
        guard longest <= HDF5Limits.attributeValueBytes else {
            throw KerasError(
                .unsupported, "a name is too long for an HDF5 attribute", at: Place(key: name), found: "\(longest) bytes",
                expected: "at most \(HDF5Limits.attributeValueBytes)")
        }
        guard longest * list.count > HDF5Limits.attributeValueBytes else { return add(attribute: name, .names(list)) }
        for (number, part) in HDF5DraftGroup.chunks(of: list).enumerated() { add(attribute: "\(name)\(number)", .names(part)) }
    }

    /// Keras's rule: the fewest parts of even length, as `numpy.array_split` cuts them, each of which fits with its own longest name.
    private static func chunks(of list: [String]) -> [[String]] {
        var count = 2
        while true {
            let (length, longer) = (list.count / count, list.count % count)
            var start = 0
            let parts = (0..<count).map { index in
                let end = start + length + (index < longer ? 1 : 0)
                defer { start = end }
                return Array(list[start..<end])
            }
            let fits = parts.allSatisfy { part in
                part.reduce(0) { max($0, $1.utf8.count) } * part.count <= HDF5Limits.attributeValueBytes
            }
            if fits { return parts }
            count += 1
        }
    }

    /// The group at `path`, which may have several components; made, with those on the way to it, when something is set.
    ///
    /// What stands in the place of a dataset of this name is left to ``HDF5Image/init(_:)`` to refuse.
    package subscript(group path: String) -> HDF5DraftGroup {
        get {
            HDF5Path(path).components.reduce(self) { group, name in
                if case .group(let next)? = group.members.first(where: { $0.name == name })?.member { next } else { HDF5DraftGroup() }
            }
        }
        set { set(HDF5Path(path).components[...], newValue) }
    }

    private mutating func set(_ path: ArraySlice<String>, _ group: HDF5DraftGroup) {
        guard let name = path.first else {
            self = group
            return
        }
        let rest = path.dropFirst()
        for (index, existing) in members.enumerated() where existing.name == name {
            guard case .group(var next) = existing.member else { continue }
            // Taken out before it is changed, so that it is changed where it stands.
            members[index].member = .group(HDF5DraftGroup())
            next.set(rest, group)
            members[index].member = .group(next)
            return
        }
        var next = HDF5DraftGroup()
        next.set(rest, group)
        members.append((name, .group(next)))
    }

    /// Adds a dataset at `path`, which may have several components; the groups on the way are made.
    package mutating func add(dataset path: String, _ dataset: HDF5DraftDataset) {
        var components = HDF5Path(path).components[...]
        let name = components.popLast() ?? ""
        guard !components.isEmpty else { return members.append((name, .dataset(dataset))) }
        let folder = components.joined(separator: "/")
        var group = self[group: folder]
        group.members.append((name, .dataset(dataset)))
        self[group: folder] = group
    }
}

/// What a group to be has in it.
package enum HDF5DraftMember: Sendable {
    case group(HDF5DraftGroup)
    case dataset(HDF5DraftDataset)
}

/// A dataset to be. Its elements stay where they are until they are written.
package struct HDF5DraftDataset: Sendable {
    package var tensor: Tensor
    package var attributes: [(name: String, value: HDF5DraftValue)] = []
    package var compression: HDF5Compression

    package init(_ tensor: Tensor, compression: HDF5Compression = .none) {
        self.tensor = tensor
        self.compression = compression
    }
}

/// How a dataset's elements are stored.
package enum HDF5Compression: Sendable, Hashable {
    /// Together, as they are.
    case none
    /// In chunks, each with its bytes sorted by significance and then deflated: h5py's `compression="gzip", shuffle=True`.
    case gzip
}

/// An attribute's value to be.
package enum HDF5DraftValue: Sendable {
    /// One string of variable length, labelled ASCII: what h5py writes for Python's `bytes`, and what every h5py reads.
    case text(String)
    /// The same labelled UTF-8: what h5py writes for Python's `str`. Keras before 2.4 cannot read it under h5py 2.
    case unicode(String)
    /// Strings of a fixed length, the longest one's, padded with NUL; none at all are an empty array of float64, as h5py makes of `[]`.
    case names([String])
    /// Strings of variable length, labelled ASCII: what h5py 3 writes for a list of `bytes`.
    case texts([String])
    /// Numbers.
    case tensor(Tensor)
}
