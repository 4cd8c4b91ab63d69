#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// What the process was told about its surroundings, and what stands in them.
package enum Environment {
    /// A variable's value; nil if it is not set. getenv(3)
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// True if there is a file or folder at `path`. access(2)
    package static func exists(_ path: String) -> Bool { !path.utf8.contains(0) && access(path, F_OK) == 0 }
}
