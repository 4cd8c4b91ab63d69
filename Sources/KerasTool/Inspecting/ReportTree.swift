/// A tree of lines:
///
///     ├─ conv2d
///     │  ├─ bias    float32  (32,)
///     │  └─ kernel  float32  (3, 3, 1, 32)
///     └─ dense
struct ReportTree {
    var name: String
    /// What stands after the name, in columns of its own among its neighbours.
    var fields: [String] = []
    var children: [ReportTree] = []

    /// The lines of the children, each ended.
    func lines(indent: String = "") -> String {
        let leaves = children.filter { !$0.fields.isEmpty }
        let width = leaves.map { $0.name.unicodeScalars.count }.max() ?? 0
        let first = leaves.filter { $0.fields.count > 1 }.map { $0.fields[0].unicodeScalars.count }.max() ?? 0
        return children.enumerated().reduce(into: "") { text, item in
            let (index, child) = item
            let isLast = index == children.count - 1
            var line = indent + (isLast ? "└─ " : "├─ ") + child.name
            if !child.fields.isEmpty { line += ReportTree.gap(width - child.name.unicodeScalars.count) }
            for (column, field) in child.fields.enumerated() {
                let isPadded = column == 0 && child.fields.count > 1
                line += "  " + field + (isPadded ? ReportTree.gap(first - field.unicodeScalars.count) : "")
            }
            text += line + "\n" + child.lines(indent: indent + (isLast ? "   " : "│  "))
        }
    }

    private static func gap(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }
}
