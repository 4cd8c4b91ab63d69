/// Text as a terminal shows it: in cells, of which a Chinese character takes two and an accent none.
struct DisplayText {
    /// What stands together: a character with the accents and joined signs after it.
    struct Cell {
        var scalars: String.UnicodeScalarView
        var width: Int
        var isSpace: Bool
    }

    var cells: [Cell]

    private init(_ cells: [Cell]) { self.cells = cells }

    init(_ text: String) {
        cells = []
        var isJoined = false
        for scalar in text.unicodeScalars {
            let width = DisplayText.width(of: scalar)
            if let last = cells.indices.last, isJoined || width == 0 {
                cells[last].scalars.append(scalar)
            } else {
                cells.append(Cell(scalars: String(scalar).unicodeScalars, width: width, isSpace: scalar.properties.isWhitespace))
            }
            isJoined = scalar.value == 0x200D
        }
    }

    var width: Int { cells.reduce(0) { $0 + $1.width } }
    var text: String { cells.reduce(into: "") { $0.unicodeScalars += $1.scalars } }

    /// The first cells that fit; a wide one cut in half leaves a space.
    func prefix(_ width: Int) -> DisplayText {
        var rest = width
        var result: [Cell] = []
        for cell in cells where rest > 0 {
            result.append(cell.width <= rest ? cell : DisplayText(" ").cells[0])
            rest -= min(cell.width, rest)
        }
        return DisplayText(result)
    }

    /// The text in lines of at most `width` cells, broken between words. A word that is too long is cut and ends with `…`, or, if it `folds`,
    /// goes on in the next line. The rules are those of Python's rich, which Keras 3 prints with.
    func wrapped(to width: Int, folds: Bool = false) -> [DisplayText] {
        var breaks: [Int] = []
        var used = 0
        for word in words() {
            let length = DisplayText(Array(cells[word].reversed().drop(while: \.isSpace))).width
            if width - used >= length {
                used += cells[word].reduce(0) { $0 + $1.width }
            } else if length > width, folds {
                var start = word.lowerBound
                while start < word.upperBound {
                    if start > 0 { breaks.append(start) }
                    used = 0
                    repeat {
                        used += cells[start].width
                        start += 1
                    } while start < word.upperBound && used + cells[start].width <= width
                }
            } else if length > width || used > 0 {
                if word.lowerBound > 0 { breaks.append(word.lowerBound) }
                used = cells[word].reduce(0) { $0 + $1.width }
            }
        }
        return zip([0] + breaks, breaks + [cells.count]).map { start, end in
            DisplayText(Array(cells[start..<end])).withoutSpaces(beyond: width).fitted(to: width, mark: !folds)
        }
    }

    /// Words with the spaces after them, the first also with those before it.
    private func words() -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = 0
        var index = cells.prefix(while: \.isSpace).count
        while index < cells.count {
            while index < cells.count, !cells[index].isSpace { index += 1 }
            while index < cells.count, cells[index].isSpace { index += 1 }
            words.append(start..<index)
            start = index
        }
        return words
    }

    /// As rich has it, spaces are counted by characters here, not by cells.
    private func withoutSpaces(beyond length: Int) -> DisplayText {
        let excess = cells.reduce(0) { $0 + $1.scalars.count } - length
        let spaces = cells.reversed().prefix(while: \.isSpace).count
        return excess > 0 ? DisplayText(Array(cells.dropLast(min(excess, spaces)))) : self
    }

    private func fitted(to width: Int, mark: Bool) -> DisplayText {
        guard self.width > width else { return self }
        return mark ? DisplayText(prefix(width - 1).cells + DisplayText("…").cells) : prefix(width)
    }

    /// How many cells a terminal gives this scalar.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if (0x20...0x7E).contains(value) { return 1 }
        if value < 0x20 || (0x7F..<0xA0).contains(value) { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        case .format: return value == 0xAD ? 1 : 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return wide.contains { $0.contains(value) } ? 2 : 1
    }

    /// What Unicode's East Asian Width calls wide, without the emoji.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
        0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}
