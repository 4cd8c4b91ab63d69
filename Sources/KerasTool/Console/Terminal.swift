import Keras
import Storage

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Standard output and standard error.
enum Terminal {
    /// What standard output is to get; the commands run on one thread.
    nonisolated(unsafe) private static var pending = ""

    /// Adds a line to standard output.
    static func print(_ line: String) { write(line + "\n") }

    /// Adds text to standard output.
    static func write(_ text: String) { pending += text }

    /// Writes what has been printed.
    ///
    /// - Throws: an `io` problem if it cannot be, such as on a full disk. A reader that has gone away ends the command quietly.
    static func flush() throws {
        defer { pending = "" }
        do {
            try FileSink(descriptor: 1).write(Array(pending.utf8))
        } catch let error as KerasError {
            let cause = error.problems.first?.cause
            if cause == systemMessage(EPIPE) { exit(128 + SIGPIPE) }
            throw KerasError(.io, "standard output cannot be written", cause: cause)
        }
    }

    /// A line on standard error.
    static func complain(_ sentence: String) { error("keras: \(visible(sentence))\n") }

    /// A line on standard error that stops nothing.
    static func warn(_ sentence: String) { complain("warning: \(sentence)") }

    /// Text on standard error, as it is.
    static func error(_ text: String) {
        // Where standard error is gone there is nobody left to tell.
        try? FileSink(descriptor: 2).write(Array(text.utf8))
    }

    static var errorIsTerminal: Bool { isatty(2) == 1 }

    /// The width of what standard output goes to: `COLUMNS`, the terminal's own, or 80, as Python tells it.
    static var columns: Int {
        if let text = getenv("COLUMNS"), let columns = Int(String(cString: text)), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The text in one line, with no letter of it that would move the cursor or change the colours: names come from files.
    static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
