#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif
internal import Tensors

/// Folders and what is in them.
package enum Folders {
    /// Makes a folder and those it is in, where they are not there yet.
    ///
    /// - Throws: `cannotCreate` with the system's reason.
    package static func make(_ path: String) throws {
        guard !path.isEmpty, !exists(path) else { return }
        if let slash = path.dropLast().lastIndex(of: "/") { try make(String(path[..<slash])) }
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw KerasError(.cannotCreate, "cannot create a folder", at: Place(file: path), cause: String(cString: strerror(errno)))
        }
    }

    /// The folder that a file is in; empty for the one we are in.
    package static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a file; that it was not there is no matter.
    package static func remove(_ path: String) { unlink(path) }

    /// Removes a folder if nothing is left in it.
    package static func removeIfEmpty(_ path: String) { rmdir(path) }
}
