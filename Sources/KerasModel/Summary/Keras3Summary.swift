/// Keras 3's table, as rich draws it in plain text.
struct Keras3Summary {
    private struct Column {
        enum Side { case left, right, center }
        var title: String
        var side: Side
        /// The cells its text has.
        var width = 0
    }

    private let rows: SummaryRows
    private let options: SummaryOptions
    private var columns: [Column]

    init(_ rows: SummaryRows, _ options: SummaryOptions) {
        self.rows = rows
        self.options = options
        columns = [
            Column(title: "Layer (type)", side: .left), Column(title: "Output Shape", side: .left), Column(title: "Param #", side: .right),
        ]
        var ends = [0.45, 0.8, 1]
        var natural = 88
        if !rows.isSequential {
            columns.append(Column(title: "Connected to", side: .left))
            ends = [0.3, 0.56, 0.74, 1]
            natural = 108
        }
        if options.showsTrainable {
            columns.append(Column(title: "Trainable", side: .center))
            ends = ends.map { $0 * 0.9 } + [1]
            natural += 12
        }
        let widths = Keras3Summary.widths(ends, in: options.length(natural: min(natural, options.columns - 4)))
        for index in columns.indices { columns[index].width = widths[index] }
    }

    /// Keras asks for columns that leave no room for the rules between them; rich then takes from each its share of what is too much.
    private static func widths(_ ends: [Double], in length: Int) -> [Int] {
        var widths: [Int] = []
        var start = 0
        for end in ends {
            let stop = Int(end * Double(length))
            widths.append(stop - start + 2)
            start = stop
        }
        var excess = widths.reduce(0, +) - (length - ends.count - 1)
        for index in widths.indices {
            let share = (Double(excess) / Double(widths.count - index)).rounded(.toNearestOrEven)
            widths[index] -= Int(share)
            excess -= Int(share)
        }
        return widths.map { max($0 - 2, 1) }
    }

    var text: String {
        var text = DisplayText("Model: \"\(rows.name)\"").wrapped(to: max(options.columns, SummaryOptions.minimumLength), folds: true)
            .reduce(into: "") { $0 += $1.text + "\n" }
        text += rule("┏", "━", "┳", "┓") + line(columns.map(\.title), border: "┃") + rule("┡", "━", "╇", "┩")
        for (index, row) in flat(rows.rows).enumerated() {
            if index > 0 { text += rule("├", "─", "┼", "┤") }
            text += line(fields(of: row), border: "│")
        }
        return text + rule("└", "─", "┴", "┘") + totals
    }

    private var totals: String {
        let optimizer = options.optimizer
        let total = rows.trainable + rows.frozen + (optimizer ?? SummarySize())
        var sums = [("Total", total), ("Trainable", rows.trainable), ("Non-trainable", rows.frozen)]
        if let optimizer { sums.append(("Optimizer", optimizer)) }
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        return sums.reduce(into: "") { text, sum in
            text += " \(sum.0) params: \(Keras3Summary.grouped(sum.1.count)) (\(sum.1.readable(units: units)))\n"
        }
    }

    private func flat(_ rows: [SummaryRows.Row]) -> [SummaryRows.Row] { rows.flatMap { [$0] + flat($0.nested) } }

    private func fields(of row: SummaryRows.Row) -> [String] {
        let prefix = row.level == 0 ? "" : String(repeating: "   ", count: row.level) + "└ "
        // The shape is that of the layer's last call.
        let shapes = row.shapes?.last?.map(Keras3Summary.text)
        let shape = shapes.map { $0.count == 1 ? $0[0] : "[" + $0.joined(separator: ", ") + "]" }
        var fields = ["\(prefix)\(row.name) (\(row.typeName))", shape ?? "?", row.count.map(Keras3Summary.grouped) ?? "0 (unbuilt)"]
        if !rows.isSequential { fields.append(row.connections.isEmpty ? "-" : row.connections.joined(separator: ", ")) }
        if options.showsTrainable { fields.append((row.count ?? 0) == 0 ? "-" : row.isTrainable ? "Y" : "N") }
        return fields
    }

    /// Unlike a Python tuple, one length alone has no comma.
    private static func text(_ shape: SymbolicShape) -> String {
        "(" + shape.dims.map { $0.map(String.init) ?? "None" }.joined(separator: ", ") + ")"
    }

    /// `93,322`
    private static func grouped(_ number: Int) -> String {
        number < 1000 ? "\(number)" : grouped(number / 1000) + "," + String(String(1000 + number % 1000).dropFirst())
    }

    private func rule(_ left: String, _ line: String, _ cross: String, _ right: String) -> String {
        left + columns.map { String(repeating: line, count: $0.width + 2) }.joined(separator: cross) + right + "\n"
    }

    private func line(_ fields: [String], border: String) -> String {
        let cells = zip(fields, columns).map { field, column in
            DisplayText(field).wrapped(to: column.width).map { aligned($0.text, column) }
        }
        let height = cells.map(\.count).max() ?? 0
        return (0..<height).reduce(into: "") { text, index in
            let parts = zip(cells, columns).map { cell, column in
                " " + (index < cell.count ? cell[index] : String(repeating: " ", count: column.width)) + " "
            }
            text += border + parts.joined(separator: border) + border + "\n"
        }
    }

    private func aligned(_ text: String, _ column: Column) -> String {
        var text = text
        if column.side != .left { while text.last == " " { text.removeLast() } }
        let room = max(column.width - DisplayText(text).width, 0)
        let left =
            switch column.side {
            case .left: 0
            case .right: room
            case .center: room / 2
            }
        return String(repeating: " ", count: left) + text + String(repeating: " ", count: room - left)
    }
}
