import Foundation

/// A page of docs/tutorials.
struct Page {
    /// What stands between a line that begins with three backticks and the next such line, with the word after the first.
    struct Block {
        let kind: String
        let line: Int
        let lines: [String]
    }

    let name: String
    let blocks: [Block]

    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL

    /// - Parameter name: `mnist` for docs/tutorials/mnist.md.
    init(_ name: String) throws {
        self.name = name
        let text = try String(contentsOf: Page.root.appending(path: "docs/tutorials/\(name).md"), encoding: .utf8)
        var blocks: [Block] = []
        var open: (kind: String, line: Int, lines: [String])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
            if !line.hasPrefix("```") {
                open?.lines.append(line)
            } else if let block = open {
                blocks.append(Block(kind: block.kind, line: block.line, lines: block.lines))
                open = nil
            } else {
                open = (String(line.dropFirst(3)), index + 1, [])
            }
        }
        self.blocks = blocks
    }

    /// All pages there are.
    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs/tutorials").path)
                .filter { $0.hasSuffix(".md") && $0 != "README.md" }.map { String($0.dropLast(3)) }.sorted()
        }
    }

    /// The blocks of a kind whose lines do not stand one under another among `lines`, indentation and empty lines aside.
    func strays(_ kind: String, among lines: [String]) -> [Block] {
        let known = Page.bare(lines)
        return blocks.filter { block in
            let wanted = Page.bare(block.lines)
            return block.kind == kind && !known.indices.contains { known[$0...].starts(with: wanted) }
        }
    }

    private static func bare(_ lines: [String]) -> [String] {
        lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// The lines of a file beside this one.
    static func source(_ name: String) throws -> [String] {
        try String(contentsOf: root.appending(path: "Tests/TutorialTests/\(name).swift"), encoding: .utf8).components(separatedBy: "\n")
    }
}
