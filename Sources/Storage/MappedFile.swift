#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
package import Tensors

/// Whole files as one ``Buffer``: mapped, or read into memory of our own.
package enum Files {
    /// The file's bytes, brought in by the system as they are touched. mmap(2)
    ///
    /// A file that somebody truncates meanwhile ends the process with SIGBUS: what must survive that is read with ``read(_:)``.
    ///
    /// - Throws: `noInput` if `path` names no readable regular file, `io` if the system fails.
    package static func map(_ path: String) throws -> Buffer {
        try withFile(path) { descriptor, size in
            if size == 0 { return try Buffer(count: 0) }
            guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
                throw KerasError(.io, "the file cannot be mapped into memory", found: "\(size) bytes", cause: systemMessage(errno))
            }
            return Buffer(bytes: UnsafeMutableRawBufferPointer(start: memory, count: size)) { munmap(memory, size) }
        }
    }

    private static let (large, hugePage) = (1 << 24, 1 << 21)

    /// The file's bytes as they are now, in memory that nobody else changes.
    ///
    /// - Throws: `noInput` if `path` names no readable regular file, `io` if the system fails, `resource` if memory is refused.
    package static func read(_ path: String) throws -> Buffer {
        try withFile(path) { descriptor, size in
            var memory: UnsafeMutableRawPointer?
            let isLarge = size >= Files.large
            guard posix_memalign(&memory, isLarge ? Files.hugePage : 64, max(size, 1)) == 0, let memory else {
                throw KerasError(.resource, "memory was refused", found: "a file of \(size) bytes")
            }
            #if os(Linux)
            // Most of the time of reading a large file goes into giving it memory by 4096 bytes.
            if isLarge { _ = madvise(memory, size, MADV_HUGEPAGE) }
            #endif
            let buffer = Buffer(bytes: UnsafeMutableRawBufferPointer(start: memory, count: size)) { free(memory) }
            let half = size / 2
            let other = Half(descriptor, memory + half, at: half, count: size - half)
            let thread = isLarge ? SecondThread { other.read() } : nil
            // Both threads are in the system's hands nearly all the time: one copies while the other is given pages.
            let own = Half(descriptor, memory, at: 0, count: half)
            own.read()
            thread == nil ? other.read() : thread?.join()
            try own.check(size)
            try other.check(size)
            return buffer
        }
    }

    /// Opens `path` once, lets `body` have the descriptor and the size it has now, and closes it.
    private static func withFile<R>(_ path: String, _ body: (_ descriptor: Int32, _ size: Int) throws -> R) throws -> R {
        try KerasError.placing(Place(file: path)) {
            // A C string ends at the first NUL; what follows would be silently ignored.
            guard !path.utf8.contains(0) else { throw KerasError(.noInput, "a file's name contains a NUL character") }
            // O_NONBLOCK: a FIFO without a writer is refused below instead of waited for. It means nothing to a regular file.
            var descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            while descriptor < 0 && errno == EINTR { descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
            guard descriptor >= 0 else { throw openingError(errno) }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw KerasError(.io, "the file cannot be examined", cause: systemMessage(errno))
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw KerasError(.noInput, "this is a directory, not a file")
            default: throw KerasError(.noInput, "this is not a regular file")
            }
            guard status.st_size <= Budgets.current.fileBytes else {
                throw KerasError(
                    .resource, "the file is too large", found: "\(status.st_size) bytes", expected: "at most \(Budgets.current.fileBytes)")
            }
            return try body(descriptor, Int(status.st_size))
        }
    }

    private static func openingError(_ code: Int32) -> KerasError {
        switch code {
        case ENOENT, ENOTDIR: KerasError(.noInput, "there is no such file", cause: systemMessage(code))
        case EACCES, EPERM: KerasError(.noInput, "the file may not be read", cause: systemMessage(code))
        case ENAMETOOLONG, ELOOP, ENXIO, ENODEV: KerasError(.noInput, "the file cannot be opened", cause: systemMessage(code))
        default: KerasError(.io, "the file cannot be opened", cause: systemMessage(code))
        }
    }
}

/// Part of a file that one thread reads.
private final class Half: @unchecked Sendable {
    /// Sound to share: `done` and `code` are the reading thread's until it has been joined.
    private let descriptor: Int32
    private let target: UnsafeMutableRawPointer
    private let (start, count): (Int, Int)
    private var done = 0
    private var code: Int32 = 0

    init(_ descriptor: Int32, _ target: UnsafeMutableRawPointer, at start: Int, count: Int) {
        (self.descriptor, self.target, self.start, self.count) = (descriptor, target, start, count)
    }

    /// pread(2)
    func read() {
        while done < count {
            let got = pread(descriptor, target + done, min(count - done, 1 << 30), off_t(start + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                return
            } else if errno != EINTR {
                code = errno
                return
            }
        }
    }

    /// - Throws: an `io` problem for what the system could not do, or for a file that ends before it should.
    func check(_ size: Int) throws {
        guard code == 0 else { throw KerasError(.io, "the file cannot be read", cause: systemMessage(code)) }
        guard done == count else {
            throw KerasError(.io, "the file became shorter while it was read", found: "\(start + done) bytes", expected: "\(size)")
        }
    }
}

/// The operating system's words for an `errno`. strerror(3)
package func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code))
}
