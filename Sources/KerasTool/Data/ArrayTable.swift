import Keras

/// A prediction as a table: a row per sample, and for several numbers a row's largest one told first.
struct ArrayTable {
    /// More than this nobody reads from a screen; a file takes all.
    private static let (mostRows, mostColumns) = (40, 16)

    private let name: String
    private let tensor: Tensor

    init(_ name: String, _ tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }

    var text: String {
        get throws {
            let title = "\(Terminal.visible(name))  \(tensor.shape)  \(tensor.dtype)\n"
            let samples = tensor.rank > 0 ? tensor.shape[0] : 1
            let width = samples > 0 ? tensor.count / samples : 0
            guard width > 0 else { return title + "no samples\n" }
            let words = tensor.dtype.isText ? try tensor.strings().map(Terminal.visible) : nil
            let values = try words == nil ? tensor.scalars(as: Double.self) : Array(repeating: 0, count: tensor.count)
            let rows = ArrayTable.shown(samples, most: ArrayTable.mostRows)
            let columns = ArrayTable.shown(width, most: ArrayTable.mostColumns)
            let isPlain = values.allSatisfy { $0.magnitude < 10_000 || !$0.isFinite }
            func field(_ row: Int, _ column: Int) -> String {
                if let words { return words[row * width + column] }
                let value = values[row * width + column]
                return tensor.dtype.isFloatingPoint
                    ? (isPlain ? Numbers.fixed(value, 4) : Numbers.scientific(value, 4)) : Numbers.short(value)
            }
            let showsBest = width > 1 && tensor.rank == 2 && words == nil
            var titles: [(title: String, side: TextTable.Side)] = [("row", .right)]
            if showsBest { titles.append(("largest", .right)) }
            titles += columns.map { ($0.map { width == 1 ? "value" : "\($0)" } ?? "…", .right) }
            var table = TextTable(titles)
            for row in rows {
                guard let row else {
                    table.add(titles.map { _ in "…" })
                    continue
                }
                let best = (0..<width).max { values[row * width + $0] < values[row * width + $1] } ?? 0
                table.add(["\(row)"] + (showsBest ? ["\(best)"] : []) + columns.map { $0.map { field(row, $0) } ?? "…" })
            }
            return title + table.text()
        }
    }

    /// The numbers below `count`, with nil for those in the middle that are left out.
    private static func shown(_ count: Int, most: Int) -> [Int?] {
        count <= most ? Array(0..<count) : Array(0..<most - 5) + [nil] + Array(count - 4..<count)
    }
}
