#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
package import Tensors

/// Writing a file so that whoever looks, at any moment and after any failure, finds the old one or the new one, complete.
package final class AtomicFile {
    /// Where the new file's bytes go.
    package let sink: FileSink
    private let path: String
    private let goal: String
    private let temporary: String
    private let descriptor: Int32
    private var isOpen = true
    private var isInPlace = false

    /// Writes a file beside `path` with what `body` gives it, flushes it to disk and renames it over `path`.
    ///
    /// A symbolic link is followed and stays; an existing file's permissions are kept. If anything fails, `path` is as it was and nothing else
    /// is left behind. What an interrupted process left is removed by the next one that writes the same file.
    ///
    /// - Throws: `cannotCreate` if `path` is no place for a regular file, `io` if writing fails, and whatever `body` throws.
    package static func write(_ path: String, _ body: (FileSink) throws -> Void) throws {
        try KerasError.placing(Place(file: path)) {
            let file = try AtomicFile(path)
            try body(file.sink)
            try file.commit()
        }
    }

    /// Begins such a file, for one who writes it little by little: until ``commit()``, which may never come, `path` is as it was.
    ///
    /// - Throws: `cannotCreate` if `path` is no place for a regular file.
    package init(_ path: String) throws {
        (goal, temporary, descriptor) = try KerasError.placing(Place(file: path)) {
            let goal = try AtomicFile.resolveLinks(path)
            let old = try AtomicFile.inspect(goal)
            AtomicFile.removeLeftovers(of: goal)
            let (temporary, descriptor) = try AtomicFile.createTemporary(for: goal)
            do {
                if let old { try AtomicFile.takeOver(old, descriptor) }
            } catch {
                close(descriptor)
                unlink(temporary)
                throw error
            }
            return (goal, temporary, descriptor)
        }
        self.path = path
        sink = FileSink(descriptor: descriptor, isFlushed: true)
    }

    /// Leaves nothing behind of a file that was not put in place.
    deinit {
        if isOpen { close(descriptor) }
        if !isInPlace { unlink(temporary) }
    }

    /// Flushes the file to disk and puts it in place.
    ///
    /// - Throws: `io` if that fails.
    package func commit() throws {
        try KerasError.placing(Place(file: path)) {
            guard systemFsync(descriptor) == 0 else { throw ioError("the file cannot be flushed to disk") }
            isOpen = false
            guard close(descriptor) == 0 else { throw ioError("the file cannot be closed") }
            guard rename(temporary, goal) == 0 else { throw ioError("the file cannot be put in place") }
            isInPlace = true
            AtomicFile.flushDirectory(of: goal)
        }
    }

    /// The file behind a chain of symbolic links, whether it exists or not.
    private static func resolveLinks(_ path: String) throws -> String {
        guard !path.isEmpty else { throw KerasError(.cannotCreate, "a file's name is empty") }
        // A C string ends at the first NUL; what follows would be silently ignored.
        guard !path.utf8.contains(0) else { throw KerasError(.cannotCreate, "a file's name contains a NUL character") }
        var goal = path
        for _ in 0..<40 {
            var status = stat()
            guard lstat(goal, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return goal }
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = target.withUnsafeMutableBytes { readlink(goal, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
            guard count > 0 else { throw cannotCreate("a symbolic link cannot be read") }
            let link = String(decoding: target[..<count], as: UTF8.self)
            goal = link.utf8.first == UInt8(ascii: "/") ? link : split(goal).directory + "/" + link
        }
        throw KerasError(.cannotCreate, "there are too many symbolic links", cause: systemMessage(ELOOP))
    }

    /// What stands at `goal` already; nil if nothing does.
    private static func inspect(_ goal: String) throws -> stat? {
        var status = stat()
        guard stat(goal, &status) == 0 else {
            if errno == ENOENT && goal.utf8.last != UInt8(ascii: "/") { return nil }
            throw cannotCreate("the file cannot be created")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw KerasError(.cannotCreate, "this is a directory, not a file")
        default: throw KerasError(.cannotCreate, "this is not a regular file")
        }
        // Renaming would replace it all the same; but its owner has said that it is not to be written.
        guard access(goal, W_OK) == 0 else { throw cannotCreate("the file may not be written") }
        return status
    }

    /// The permissions of the old file; its owner too, where the system lets us.
    private static func takeOver(_ old: stat, _ descriptor: Int32) throws {
        if old.st_uid != geteuid() || old.st_gid != getegid() { _ = fchown(descriptor, old.st_uid, old.st_gid) }
        // After the owner, since changing that clears some of the bits.
        guard fchmod(descriptor, old.st_mode & 0o7777) == 0 else { throw ioError("the file's permissions cannot be kept") }
    }

    // MARK: The temporary file: .<name>.<process>.<random>.tmp

    private static func temporaryPrefix(_ name: String) -> String { "." + String(decoding: name.utf8.prefix(96), as: UTF8.self) + "." }

    private static func createTemporary(for goal: String) throws -> (String, Int32) {
        let (directory, name) = split(goal)
        for _ in 0..<16 {
            let random = String(UInt64.random(in: 0 ... .max), radix: 36)
            let temporary = "\(directory)/\(temporaryPrefix(name))\(getpid()).\(random).tmp"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (temporary, descriptor) }
            guard errno == EEXIST || errno == EINTR else { break }
        }
        throw cannotCreate("the file cannot be created")
    }

    /// Removes temporary files of this goal whose process is gone.
    private static func removeLeftovers(of goal: String) {
        let (directory, name) = split(goal)
        let prefix = temporaryPrefix(name)
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let found = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard found.hasPrefix(prefix), found.hasSuffix(".tmp") else { continue }
            let parts = found.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let process = Int32(parts[0]), process > 0, UInt64(parts[1], radix: 36) != nil else { continue }
            if kill(process, 0) != 0 && errno == ESRCH { unlink(directory + "/" + found) }
        }
    }

    /// Makes the renaming itself last through a power failure, where the file system can.
    private static func flushDirectory(of goal: String) {
        let descriptor = open(split(goal).directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = systemFsync(descriptor)
        close(descriptor)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    private static func cannotCreate(_ sentence: String) -> KerasError { KerasError(.cannotCreate, sentence, cause: systemMessage(errno)) }
}

private func ioError(_ sentence: String) -> KerasError { KerasError(.io, sentence, cause: systemMessage(errno)) }

/// fsync(2), again if a signal comes between.
private func systemFsync(_ descriptor: Int32) -> Int32 {
    var status = fsync(descriptor)
    while status != 0 && errno == EINTR { status = fsync(descriptor) }
    return status
}

/// Where new bytes go, one after the other: a file being written, or a stream that is open already.
package final class FileSink: ByteSink {
    private let descriptor: Int32
    private let isFlushed: Bool
    /// Bytes written so far.
    package private(set) var position = 0
    /// Of them, those that the disk has been told of.
    private var announced = 0

    /// - Parameter isFlushed: whether the file is going to be flushed: then the disk writes what is there while more comes, which the system
    ///   would leave to the end.
    package init(descriptor: Int32, isFlushed: Bool = false) { (self.descriptor, self.isFlushed) = (descriptor, isFlushed) }

    /// Bytes of one write(2). For more at a time the system takes whole huge pages, which the host of a virtual machine has to find first: five
    /// times as long.
    private static let piece = 1 << 18
    /// Bytes that the disk is told of at a time.
    private static let announcement = 1 << 23

    /// write(2) until all is written.
    ///
    /// - Throws: an `io` problem with the system's reason.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let count = systemWrite(descriptor, bytes.baseAddress! + done, min(bytes.count - done, FileSink.piece))
            if count >= 0 {
                done += count
                position += count
                announce()
            } else if errno != EINTR {
                throw ioError("the bytes cannot be written")
            }
        }
    }

    /// Lets the disk begin, and does not wait for it: whatever it fails at, the flush at the end says. Linux writes pages that nobody needs in
    /// memory at once. posix_fadvise(2)
    private func announce() {
        #if os(Linux)
        guard isFlushed, position - announced >= FileSink.announcement else { return }
        _ = posix_fadvise(descriptor, off_t(announced), off_t(position - announced), POSIX_FADV_DONTNEED)
        announced = position
        #endif
    }

    /// Writes over bytes that are there already, which ``position`` does not notice. Not for a stream, which cannot go back. pwrite(2)
    ///
    /// - Throws: an `io` problem with the system's reason.
    package func rewrite(_ bytes: [UInt8], at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(offset + done)) }
            if count >= 0 { done += count } else if errno != EINTR { throw ioError("the bytes cannot be written") }
        }
    }

    /// - Throws: an `io` problem with the system's reason.
    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// - Throws: an `io` problem with the system's reason.
    package func write(_ buffer: Buffer) throws { try buffer.withUnsafeBytes { try write($0) } }
}

/// write(2), which inside ``FileSink`` is hidden by a method's name.
private func systemWrite(_ descriptor: Int32, _ source: UnsafeRawPointer, _ count: Int) -> Int { write(descriptor, source, count) }
