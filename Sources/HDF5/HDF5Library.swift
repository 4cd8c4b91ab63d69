internal import CHDF5
internal import Synchronization
internal import Tensors

/// The C library: one lock round it, its silence, and its errors in our words.
///
/// Everything in this room that calls libhdf5 does so inside ``locked(_:)``. Builds of it without thread safety exist, and the thread-safe ones
/// have one lock as well.
enum HDF5Library {
    /// What lives as long as the process. Nil until the library is set up.
    private struct Setup {
        /// Link access properties under which no link leads out of the file.
        let linkAccess: hid_t
    }

    private static let setup = Mutex<Setup?>(nil)

    /// The library, held by the one thread that is inside ``HDF5Library/locked(_:)``.
    struct Session {
        let linkAccess: hid_t
    }

    /// Runs `body` alone in the library. Not to be nested.
    static func locked<R: Sendable>(_ body: (Session) throws -> R) throws -> R {
        try setup.withLock { setup in
            let ready = try setup ?? prepare()
            setup = ready
            // Whether errors are printed is a property of each thread.
            H5Eset_auto2(ch5_error_stack(), nil, nil)
            return try body(Session(linkAccess: ready.linkAccess))
        }
    }

    private static func prepare() throws -> Setup {
        // A handler at exit would flush what is open, and crashes after a failed close. We have nothing to flush. It fails, harmlessly, if the
        // program has used the library before.
        H5dont_atexit()
        let sentence = "the HDF5 library cannot be started"
        guard H5open() >= 0 else { throw KerasError(.io, sentence) }
        H5Eset_auto2(ch5_error_stack(), nil, nil)
        // An unknown filter would otherwise load every shared object of a directory.
        H5PLset_loading_state(0)
        try keepTables(sentence)
        let linkAccess = try check(ch5_create_link_access(), sentence)
        // Links are checked before they are followed; this is the second lock on the same door.
        H5Pset_elink_cb(linkAccess, { _, _, _, _, _, _, _ in -1 }, nil)
        H5Pset_nlinks(linkAccess, 1)
        return Setup(linkAccess: linkAccess)
    }

    /// Opens one of each kind of object for good: while there are any the library has a table of that kind, and where it gets no memory for a new
    /// one it ends the process. H5I_register
    private static func keepTables(_ sentence: String) throws {
        let access = try Handle(sentence, close: H5Pclose, ch5_create_file_access())
        try check(H5Pset_fapl_core(access.id, 1 << 12, false), sentence)
        let file = try check(ch5_create_file("/dev/null/tables.h5", access.id), sentence)
        let type = try Handle(sentence, close: H5Tclose, ch5_integer(1, 1))
        let space = try check(H5Screate(H5S_SCALAR), sentence)
        try check(H5Gopen2(file, "/", ch5_default()), sentence)
        try check(H5Acreate2(file, "attribute", type.id, space, ch5_default(), ch5_default()), sentence)
        try check(H5Dcreate2(file, "dataset", type.id, space, ch5_default(), ch5_default(), ch5_default()), sentence)
    }

    /// What the library just said, as our error. H5Ewalk2, H5Eclear2
    static func failure(_ sentence: String, found: String? = nil) -> KerasError {
        struct Stack {
            var descriptions: [String] = []
            var kind = Problem.Kind.malformed
        }
        var stack = Stack()
        withUnsafeMutablePointer(to: &stack) { stack in
            _ = H5Ewalk2(
                ch5_error_stack(), H5E_WALK_DOWNWARD,
                { _, error, context in
                    guard let error, let stack = context?.assumingMemoryBound(to: Stack.self) else { return 0 }
                    if let text = error.pointee.desc.map({ String(cString: $0) }), !text.isEmpty { stack.pointee.descriptions.append(text) }
                    if ch5_means_no_memory(error) != 0 { stack.pointee.kind = .resource }
                    if ch5_means_no_filter(error) != 0 { stack.pointee.kind = .unsupported }
                    return 0
                }, stack)
        }
        H5Eclear2(ch5_error_stack())
        var cause: String?
        if let outermost = stack.descriptions.first, let innermost = stack.descriptions.last {
            cause = outermost == innermost ? outermost : "\(outermost): \(innermost)"
        }
        return KerasError(stack.kind, sentence, found: found, cause: cause)
    }

    /// - Throws: ``failure(_:found:)`` if `status` is a C function's negative one.
    @discardableResult static func check<Status: SignedInteger>(_ status: Status, _ sentence: @autoclosure () -> String) throws -> Status {
        if status < 0 { throw failure(sentence()) }
        return status
    }
}

/// An identifier of the library, closed when it goes out of scope. Lives inside ``HDF5Library/locked(_:)`` only.
struct Handle: ~Copyable {
    let id: hid_t
    private let close: (hid_t) -> herr_t

    /// Takes over what `id` opens; `sentence` says what went wrong if it does not.
    init(_ sentence: @autoclosure () -> String, close: @escaping (hid_t) -> herr_t, _ id: hid_t) throws {
        self.id = try HDF5Library.check(id, sentence())
        self.close = close
    }

    deinit { _ = close(id) }
}
