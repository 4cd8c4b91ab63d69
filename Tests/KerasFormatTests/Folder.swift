#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The `.h5` files of a folder in order; none if there is no such folder.
func h5Files(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(".h5") { names.append(name) }
    }
    return names.sorted()
}
