import Synchronization

/// What the code of a page prints, kept to be compared with the page.
final class Console: Sendable {
    @TaskLocal static var current: Console?

    private let text = Mutex("")

    var lines: [String] { text.withLock { $0 }.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    func write(_ more: String) { text.withLock { $0 += more } }
}

/// Stands in for Swift's own in this module.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    let text = items.map { "\($0)" }.joined(separator: separator) + terminator
    Console.current?.write(text)
    if Material.isWhole { Swift.print(text, terminator: "") }
}
