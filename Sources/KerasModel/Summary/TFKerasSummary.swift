/// The table of tf_keras: ruled lines, cells that go on in the next row, counted by Unicode scalars as Python counts.
struct TFKerasSummary {
    private let rows: SummaryRows
    private let options: SummaryOptions
    private let length: Int
    /// Where each column ends.
    private let stops: [Int]

    init(_ rows: SummaryRows, _ options: SummaryOptions) {
        self.rows = rows
        self.options = options
        let length = options.length(natural: rows.isSequential ? 65 : 98)
        let stops = (rows.isSequential ? [0.45, 0.85, 1] : [0.3, 0.6, 0.7, 1]).map { Int(Double(length) * $0) }
        let extra = options.showsTrainable ? 11 : 0
        self.length = length + extra
        self.stops = options.showsTrainable ? stops + [length + extra] : stops
    }

    var text: String {
        var titles = ["Layer (type)", "Output Shape", "Param #"]
        if !rows.isSequential { titles.append("Connected to") }
        if options.showsTrainable { titles.append("Trainable") }
        var text = "Model: \"\(rows.name)\"\n" + rule("_") + lines(titles, level: 0) + rule("=")
        for row in rows.rows { write(row, to: &text) }
        return text + rule("=") + totals + rule("_")
    }

    private var totals: String {
        let units = ["Byte", "KB", "MB", "GB", "TB", "PB"]
        return [("Total", rows.trainable + rows.frozen), ("Trainable", rows.trainable), ("Non-trainable", rows.frozen)]
            .reduce(into: "") { $0 += "\($1.0) params: \($1.1.count) (\($1.1.readable(units: units)))\n" }
    }

    private func rule(_ sign: String, level: Int = 0) -> String {
        let frame = String(repeating: "|", count: level)
        return frame + String(repeating: sign, count: max(length - 2 * level, 0)) + frame + "\n"
    }

    /// The row and, framed, the rows inside it; a blank line after each but the last of a frame.
    private func write(_ row: SummaryRows.Row, to text: inout String) {
        text += lines(fields(of: row), level: row.level)
        // A layer with layers inside ends its frame with a line of its own, so Keras leaves the blank one out of the last.
        var isLast = row.isLast
        if !row.nested.isEmpty {
            text += rule("¯", level: row.level + 1)
            for inner in row.nested { write(inner, to: &text) }
            text += rule("¯", level: row.level)
            isLast = true
        }
        if !isLast { text += rule(" ", level: row.level) }
    }

    private func fields(of row: SummaryRows.Row) -> [String] {
        var fields = ["\(row.name) (\(row.typeName))", shape(of: row), row.count.map { "\($0)" } ?? "0 (unused)"]
        if !rows.isSequential { fields.append("[" + row.connections.map { "'\($0)'" }.joined(separator: ", ") + "]") }
        if options.showsTrainable { fields.append(row.isTrainable ? "Y" : "N") }
        return fields
    }

    /// A list for inputs and for several outputs; `multiple` if calls differ.
    private func shape(of row: SummaryRows.Row) -> String {
        guard let shapes = row.shapes, let first = shapes.first else { return "multiple" }
        guard shapes.allSatisfy({ $0 == first }) else { return "multiple" }
        let texts = first.map(\.description)
        return texts.count == 1 && !row.isInput ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
    }

    /// As many rows as the longest field needs. A piece ends where its column does, or just after a comma that closes something.
    private func lines(_ fields: [String], level: Int) -> String {
        var rest = fields.map { Array($0.unicodeScalars)[...] }
        var text = ""
        let frame = String(repeating: "|", count: level)
        while rest.contains(where: { !$0.isEmpty }) {
            var line = String.UnicodeScalarView()
            for column in rest.indices {
                let isLast = column == stops.count - 1
                var cutoff = stops[column] - (column > 0 ? stops[column - 1] : 0) - (isLast ? 0 : 3)
                if column == 0 {
                    cutoff -= level
                    line += (frame + " ").unicodeScalars
                }
                let piece = TFKerasSummary.piece(rest[column].prefix(max(cutoff, 1)))
                line += piece
                rest[column] = rest[column].dropFirst(piece.count)
                if !isLast { line += "  ".unicodeScalars }
                let stop = stops[column] - (isLast ? level : 0)
                line += repeatElement(" ", count: max(stop - line.count, 0))
            }
            text += String(line) + frame + "\n"
        }
        return text
    }

    /// Up to and with the first comma that closes a tuple, a list, a dictionary or a text.
    private static func piece(_ scalars: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        let closing: [Unicode.Scalar] = [")", "}", "]", "'"]
        let comma = scalars.indices.dropFirst().first { scalars[$0] == "," && closing.contains(scalars[$0 - 1]) }
        return comma.map { scalars[scalars.startIndex...$0] } ?? scalars
    }
}
