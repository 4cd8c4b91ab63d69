#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Where a program's words go.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Somebody is looking.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes at once, after what was printed before. That nobody reads any more is not told.
    package func write(_ text: String) {
        fflush(nil)
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(rawValue, $0) }
            if count < 0, errno != EINTR { return }
            bytes = bytes.dropFirst(max(count, 0))
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(descriptor, bytes.baseAddress, bytes.count) }
