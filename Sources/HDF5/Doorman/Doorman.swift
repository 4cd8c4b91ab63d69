internal import Tensors

/// Looks at a file's structure before the C library does, which trusts it: every offset and size inside the file, nothing overlapping, no
/// circles, no more work than the file is long. What it lets in, the library reads without harm; the tests hold it to that.
///
/// It knows the structures that Keras and h5py write: superblocks 0 to 3, object headers 1 and 2, groups as symbol tables, in headers and in
/// fractal heaps, every datatype, storage that is contiguous, compact or chunked, filters, attributes in headers and heaps, global heaps. What
/// is valid HDF5 beyond that is `unsupported`. HDF5 File Format Specification 3.0.
///
/// An object that can be told apart (a dataset in other files, a kind of storage that is not walked) is not the whole file's fault: it is
/// *refused* on its own, and whoever opens it is told why.
struct Doorman {
    /// An object to be looked at. Its path is worked out for messages only.
    struct Object {
        let address: UInt64
        /// In ``objects``; the root's own.
        let parent: Int
        /// Where its name stands.
        let name: Range<Int>
    }

    let file: DoormanBytes
    let budgets: Budgets
    /// Of the superblock: half of how many entries a node of a group's table, of a group's tree and of a chunk index has room for.
    var (leafK, groupK, chunkK) = (4, 16, 32)

    /// All objects found, in the order in which they are looked at.
    var objects: [Object] = []
    private var known: Set<UInt64> = []
    /// The one that is being looked at.
    var current = 0

    /// The parts of the file that are in use.
    private var extents: [Extent] = []
    private var used = 0

    /// Header messages by the header's address.
    var headers: [UInt64: [DoormanMessage]] = [:]
    /// The sizes of a global heap's objects, by the heap's address and their number.
    var collections: [UInt64: [UInt16: Int]] = [:]
    /// A group's tree and heap: as its header has them, and as the entries that lead to it repeat them.
    var tables: [UInt64: DoormanTable] = [:]
    var newGroups: Set<UInt64> = []
    var repeatedTables: [(group: UInt64, table: DoormanTable)] = []

    /// Bytes of text of variable length that the dataset which is being looked at may still refer to.
    var listBytes = 0

    /// Bytes that compressed text may still take while it is looked at.
    var hiddenBytes: Int

    var admission = HDF5Admission()

    private struct Extent {
        let start, end: Int
        let what: StaticString
    }

    /// Looks at the whole file.
    ///
    /// - Throws: the first thing that is wrong with it: `malformed`, `resource` past a budget, `unsupported` for what is not known here.
    static func admit(_ bytes: UnsafeRawBufferPointer, superblock: Int, budgets: Budgets) throws -> HDF5Admission {
        var doorman = Doorman(file: try DoormanBytes(bytes, superblock: superblock), budgets: budgets)
        try doorman.readSuperblock()
        while doorman.current < doorman.objects.count {
            do {
                try doorman.visit(doorman.objects[doorman.current].address)
            } catch let error as KerasError {
                throw error.placed(Place(object: doorman.path))
            }
            doorman.current += 1
        }
        // A group that went over to the newer kind leaves the entry as it was.
        for (group, table) in doorman.repeatedTables where !doorman.newGroups.contains(group) && doorman.tables[group] != table {
            throw KerasError(
                .malformed, "a group's entry and its header disagree about where its members are",
                at: Place(offset: doorman.file.offset(group)))
        }
        try doorman.checkOverlaps()
        return doorman.admission
    }

    private init(file: DoormanBytes, budgets: Budgets) {
        self.file = file
        self.budgets = budgets
        hiddenBytes = max(16 << 20, 16 * min(file.count, 1 << 40))
    }

    /// Notes an object that a link leads to; an object with several links is looked at once.
    mutating func found(_ address: UInt64, name: Range<Int>) throws {
        guard address != 0 || objects.isEmpty, address < UInt64(file.count) else {
            throw KerasError(
                .malformed, "a link leads out of the file", at: Place(object: path(current) + "/" + text(name)),
                found: "address \(address)",
                expected: "one below \(file.count)")
        }
        guard known.insert(address).inserted else { return }
        guard objects.count < budgets.hdf5Objects else {
            throw KerasError(.resource, "the file has too many objects", expected: "at most \(budgets.hdf5Objects)")
        }
        objects.append(Object(address: address, parent: current, name: name))
    }

    // MARK: What belongs to what

    /// Takes `count` bytes at `address` for one structure alone, and returns them.
    ///
    /// What is taken adds up to no more than the file, so that trees that lead back into themselves come to an end.
    mutating func claim(_ address: UInt64, _ count: UInt64, _ what: StaticString) throws -> DoormanCursor {
        let span = try file.span(address, count, "\(what)")
        guard span.left > 0 else { return span }
        used += span.left
        guard used <= file.count else {
            throw KerasError(
                .malformed, "the file's structures lead into each other", at: Place(offset: file.offset(address)),
                found: "more of them than it has bytes")
        }
        extents.append(Extent(start: span.at, end: span.end, what: what))
        return span
    }

    private mutating func checkOverlaps() throws {
        extents.sort { $0.start < $1.start }
        for (first, second) in zip(extents, extents.dropFirst()) where second.start < first.end {
            throw KerasError(
                .malformed, "two structures overlap", at: Place(offset: second.start + file.base),
                found: "\(second.what) inside \(first.what) that begins at \(first.start + file.base)")
        }
    }

    // MARK: Names, for messages

    var path: String { objects.isEmpty ? "/" : path(current) }

    func path(_ index: Int) -> String {
        var names: [String] = []
        var index = index
        while index != 0 && names.count < 32 {
            names.append(text(objects[index].name))
            index = objects[index].parent
        }
        return (index == 0 ? "/" : "…/") + names.reversed().joined(separator: "/")
    }

    func text(_ range: Range<Int>) -> String {
        let shown = String(decoding: file.bytes[range.prefix(200)], as: UTF8.self)
        return range.count > 200 ? shown + "…" : shown
    }

    /// Refuses what is being looked at, and nothing else: whoever opens it is told.
    mutating func refuse(_ kind: Problem.Kind, _ sentence: String, found: String? = nil) {
        let problem = Problem(kind: kind, sentence: sentence, place: Place(object: path), found: found)
        let address = objects[current].address
        if admission.refused[address] == nil { admission.refused[address] = problem }
        if kind == .policy { admission.foreign.append(problem) }
    }

    /// Notes a link that is not a hard one. It is listed, and never followed.
    mutating func foreignLink(_ name: Range<Int>, _ kind: String) {
        guard admission.foreign.count < 100 else { return }
        let parent = path
        admission.foreign.append(
            Problem(
                kind: .policy, sentence: "a link other than a hard one is not followed",
                place: Place(object: (parent == "/" ? "" : parent) + "/" + text(name)), found: kind))
    }
}

/// What the doorman says of a file that may come in.
struct HDF5Admission: Sendable {
    /// Objects that are not to be opened, by the address of their header.
    var refused: [UInt64: Problem] = [:]
    /// What leads out of the file: links that are not hard, datasets elsewhere. The first hundred or so.
    var foreign: [Problem] = []
    /// Where the chunks of datasets that pass through deflate are, by the address of the dataset's header: their length is known only when
    /// somebody inflates them.
    var deflated: [UInt64: HDF5DeflatedChunks] = [:]
    /// The root group's header.
    var root: UInt64 = 0
}
