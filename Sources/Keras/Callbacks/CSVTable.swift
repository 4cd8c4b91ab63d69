/// Lines of a table as Python's `csv` module writes them: `\r\n` at their ends, quotes where they are needed.
struct CSVTable {
    let separator: String
    private(set) var text: String
    private var keys: [String]?
    private let hasHeader: Bool

    /// - Parameter text: what the table begins with: an older one, which goes on.
    init(separator: String, after text: String = "") {
        (self.separator, self.text) = (separator, text)
        hasHeader = !text.isEmpty
    }

    /// Adds an epoch. The columns are those of the first one, in alphabetical order, with those of validation even if it comes later.
    mutating func add(_ epoch: Int, _ figures: [(name: String, value: Double)]) {
        if keys == nil {
            var names = figures.map(\.name).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
            if !names.contains(where: { $0.hasPrefix("val_") }) { names += names.map { "val_" + $0 } }
            keys = names
            if !hasHeader { add(["epoch"] + names) }
        }
        let fields = (keys ?? []).map { key in figures.first { $0.name == key }.map { plain($0.value) } ?? "NA" }
        add(["\(epoch)"] + fields)
    }

    private mutating func add(_ fields: [String]) { text += fields.map(quoted).joined(separator: separator) + "\r\n" }

    private func quoted(_ field: String) -> String {
        guard field.contains(separator) || field.contains(where: { "\"\r\n".contains($0) }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
