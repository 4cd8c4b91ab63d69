/// A bar on standard error, if that is a terminal: `1,024/10,000 ━━━━━━━━━────────`.
struct Progress {
    private let isShown = Terminal.errorIsTerminal
    private let clock = ContinuousClock()
    private var last: ContinuousClock.Instant?

    /// At most ten times a second, so that drawing costs nothing.
    mutating func show(_ done: Int, of all: Int) {
        let now = clock.now
        guard isShown, all > 0, done == all || last.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
        last = now
        let filled = 30 * done / all
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 30 - filled)
        Terminal.error("\r\(Numbers.grouped(done))/\(Numbers.grouped(all)) \(bar)")
    }

    /// Takes the bar away: what it led to follows on standard output.
    func clear() { if last != nil { Terminal.error("\r\u{1B}[2K") } }
}
