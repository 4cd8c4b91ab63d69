/// What a date or a span of time counts in: numpy's `[ns]`, or `[25s]` for steps of 25 seconds.
public struct TimeUnit: Hashable, Sendable, CustomStringConvertible {
    /// numpy's codes. Years and months have no fixed length; `generic` is a number that nobody gave a unit.
    public enum Base: String, Hashable, Sendable, CaseIterable {
        case generic = ""
        case years = "Y"
        case months = "M"
        case weeks = "W"
        case days = "D"
        case hours = "h"
        case minutes = "m"
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"
        case picoseconds = "ps"
        case femtoseconds = "fs"
        case attoseconds = "as"
    }

    public let base: Base
    /// How many of them make one step; at least 1.
    public let multiple: Int

    public init(_ base: Base, multiple: Int = 1) {
        precondition(multiple > 0 && multiple <= Int(Int32.max), "a unit of \(multiple) steps")
        self.base = base
        self.multiple = multiple
    }

    /// From numpy's spelling between the brackets: `ns`, `25s`; nil for any other.
    public init?(code: some StringProtocol) {
        let digits = code.prefix { $0.isASCII && $0.isNumber }
        let multiple = digits.isEmpty ? 1 : Int(digits) ?? 0
        guard let base = Base(rawValue: String(code.dropFirst(digits.count))), base != .generic, multiple > 0, multiple <= Int(Int32.max)
        else {
            return nil
        }
        self.init(base, multiple: multiple)
    }

    /// As numpy writes it between the brackets; nothing for `generic`.
    public var description: String { base == .generic ? "" : (multiple == 1 ? "" : "\(multiple)") + base.rawValue }

    /// The whole of it behind a type's name: `[ns]`.
    package var suffix: String { base == .generic ? "" : "[\(self)]" }
}
