#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
private import Synchronization
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

    private static let large = 1 << 24

    /// The file's bytes as they are now, in memory that nobody else changes.
    ///
    /// - Throws: `noInput` if `path` names no readable regular file, `io` if the system fails, `resource` if memory is refused.
    package static func read(_ path: String) throws -> Buffer {
        try withFile(path) { descriptor, size in
            var memory: UnsafeMutableRawPointer?
            let isLarge = size >= Files.large
            guard posix_memalign(&memory, 64, max(size, 1)) == 0, let memory else {
                throw KerasError(.resource, "memory was refused", found: "a file of \(size) bytes")
            }
            let buffer = Buffer(bytes: UnsafeMutableRawBufferPointer(start: memory, count: size)) { free(memory) }
            let reading = SharedReading(descriptor, memory, size)
            // Both threads are in the system's hands nearly all the time: one copies while the other is given pages. Huge pages would be quicker where
            // there are any; a virtual machine's host may have to find them first, which takes five times as long.
            let thread = isLarge ? SecondThread { reading.takePart() } : nil
            reading.takePart()
            thread?.join()
            try reading.check()
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

/// A file that is read block by block, by whoever is free.
private final class SharedReading: @unchecked Sendable {
    /// Sound to share: each block's memory is written by the one thread that took it.
    private let target: UnsafeMutableRawPointer
    private let descriptor: Int32
    private let size: Int
    private let next = Atomic(0)
    private let code = Atomic<Int32>(0)
    /// Where the file ended too early.
    private let end = Atomic(Int.max)

    /// Small enough that neither thread waits long for the other at the end.
    private static let block = 1 << 22

    init(_ descriptor: Int32, _ target: UnsafeMutableRawPointer, _ size: Int) {
        (self.descriptor, self.target, self.size) = (descriptor, target, size)
    }

    /// Reads blocks until none is left.
    func takePart() {
        while true {
            let start = next.add(SharedReading.block, ordering: .relaxed).oldValue
            guard start < size, read(start, min(SharedReading.block, size - start)) else { return }
        }
    }

    /// pread(2)
    private func read(_ start: Int, _ count: Int) -> Bool {
        var done = 0
        while done < count {
            let got = pread(descriptor, target + start + done, count - done, off_t(start + done))
            if got > 0 {
                done += got
            } else if got == 0 {
                end.min(start + done, ordering: .relaxed)
                return false
            } else if errno != EINTR {
                code.store(errno, ordering: .relaxed)
                return false
            }
        }
        return true
    }

    /// - Throws: an `io` problem for what the system could not do, or for a file that ends before it should.
    func check() throws {
        let (code, end) = (code.load(ordering: .relaxed), end.load(ordering: .relaxed))
        guard code == 0 else { throw KerasError(.io, "the file cannot be read", cause: systemMessage(code)) }
        guard end == Int.max else {
            throw KerasError(.io, "the file became shorter while it was read", found: "\(end) bytes", expected: "\(size)")
        }
    }
}

/// The operating system's words for an `errno`. strerror(3)
package func systemMessage(_ code: Int32) -> String {
    String(cString: strerror(code))
}
