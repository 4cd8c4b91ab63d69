/// Columns of text, each as wide as its widest field.
struct TextTable {
    enum Side { case left, right }

    private let titles: [String]
    private let sides: [Side]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, side: Side)]) {
        titles = columns.map(\.title)
        sides = columns.map(\.side)
    }

    mutating func add(_ fields: [String]) { rows.append(fields) }

    /// One line per row under the titles and a rule.
    func text(indent: String = "") -> String {
        let widths = titles.indices.map { column in
            ([titles] + rows).map { $0[column].unicodeScalars.count }.max() ?? 0
        }
        func line(_ fields: [String]) -> String {
            var line = indent
            for (column, field) in fields.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - field.unicodeScalars.count)
                line += (column > 0 ? "  " : "") + (sides[column] == .left ? field + gap : gap + field)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        let rule = widths.map { String(repeating: "─", count: $0) }
        return rows.reduce(into: line(titles) + line(rule)) { $0 += line($1) }
    }
}
