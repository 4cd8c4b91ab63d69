import Tensors

/// The text of Keras 3's progress bar, update by update. Keras: `keras.utils.Progbar`.
///
/// It knows no clock and no terminal: it is told the time in seconds, and gives what is to be written.
struct ProgressBar {
    /// How much is said.
    enum Detail {
        /// A bar, which each update draws over the last one.
        case bar
        /// A line at the end.
        case line
    }

    /// Steps in all; nil if nobody knows.
    var target: Int?
    let detail: Detail
    private let start: Double
    private var lastUpdate = -Double.infinity
    private var timeAfterFirstStep: Double?
    private var widthBefore = 0
    private var figures: [(name: String, value: Double)] = []

    private static let width = 20
    private static let interval = 0.05

    init(target: Int?, _ detail: Detail, at now: Double) {
        (self.target, self.detail, start) = (target, detail, now)
    }

    /// - Parameters:
    ///   - current: steps done.
    ///   - figures: what they came to so far; those not among them stay as they were.
    /// - Returns: nil if there is nothing to be said yet.
    mutating func update(_ current: Int, _ new: [(name: String, value: Double)], at now: Double, isLast: Bool) -> String? {
        for (name, value) in new {
            if let known = figures.firstIndex(where: { $0.name == name }) {
                figures[known].value = value
            } else {
                figures.append((name, value))
            }
        }
        let perStep = stepDuration(current, now)
        switch detail {
        case .bar:
            guard isLast || now - lastUpdate >= Self.interval else { return nil }
            lastUpdate = now
            return bar(current, perStep, now, isLast)
        case .line: return isLast ? line(current, perStep, now) : nil
        }
    }

    private mutating func bar(_ current: Int, _ perStep: Double, _ now: Double, _ isLast: Bool) -> String {
        var shown = 0
        var text = String(repeating: "\u{8}", count: widthBefore) + "\r"
        func add(_ part: String, _ style: String? = nil) {
            text += style.map { "\u{1B}[\($0)m\(part)\u{1B}[0m" } ?? part
            shown += part.unicodeScalars.count
        }
        if let target, target > 0 {
            add(ProgressBar.count(current, target), "1")
            add(" ")
            let done = Int(Double(Self.width) * (Double(current) / Double(target)))
            if done > 0 { add(String(repeating: "━", count: done), "32") }
            add(String(repeating: "━", count: max(Self.width - done, 0)), "37")
        } else {
            add(String(repeating: " ", count: max(7 - "\(current)".count, 0)) + "\(current)/Unknown")
        }
        add(" ")
        if let target, target > 0, !isLast {
            add(ProgressBar.remaining(perStep * Double(target - current)), "1")
        } else {
            add("\(fixed(now - start, 0))s", "1")
        }
        add(ProgressBar.perStep(perStep) + figures.map { " - \($0.name): \(ProgressBar.figure($0.value, $0.value.magnitude))" }.joined())
        if widthBefore > shown { text += String(repeating: " ", count: widthBefore - shown) }
        widthBefore = shown
        return isLast ? text + "\n" : text
    }

    private func line(_ current: Int, _ perStep: Double, _ now: Double) -> String? {
        guard let target, target > 0 else { return nil }
        return "\(ProgressBar.count(current, target)) - \(fixed(now - start, 0))s -\(ProgressBar.perStep(perStep))"
            + figures.map { " - \($0.name): \(ProgressBar.figure($0.value, $0.value))" }.joined() + "\n"
    }

    /// The first step is slow, and counts no more once there is another.
    private mutating func stepDuration(_ current: Int, _ now: Double) -> Double {
        guard current > 0 else { return 0 }
        let duration: Double
        if let timeAfterFirstStep, current > 1 {
            duration = (now - timeAfterFirstStep) / Double(current - 1)
        } else {
            duration = (now - start) / Double(current)
        }
        if current == 1 { timeAfterFirstStep = now }
        return duration
    }

    // MARK: Words

    /// ` 3/10`
    private static func count(_ current: Int, _ target: Int) -> String {
        String(repeating: " ", count: max("\(target)".count - "\(current)".count, 0)) + "\(current)/\(target)"
    }

    private static func remaining(_ seconds: Double) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let whole = Int(max(min(seconds, 1e15), 0))
        if seconds > 3600 { return "\(whole / 3600):\(two(whole % 3600 / 60)):\(two(whole % 60))" }
        if seconds > 60 { return "\(whole / 60):\(two(whole % 60))" }
        return "\(whole)s"
    }

    private static func perStep(_ seconds: Double) -> String {
        if seconds >= 1 || seconds == 0 { return " \(fixed(seconds, 0))s/step" }
        return seconds >= 1e-3 ? " \(fixed(seconds * 1000, 0))ms/step" : " \(fixed(seconds * 1e6, 0))us/step"
    }

    private static func figure(_ value: Double, _ size: Double) -> String { size > 1e-3 ? fixed(value, 4) : scientific(value, 4) }
}
