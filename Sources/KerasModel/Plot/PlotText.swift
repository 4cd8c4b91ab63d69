/// How wide text is at most: a box must be as wide as its text before anyone draws it, in whatever letters that will be.
enum PlotText {
    /// Widths of the letters from space to `~`, in thousandths of the size. Source: Adobe's font metrics of Helvetica and Helvetica-Bold.
    private static let regular = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
        278,
        278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611,
        722,
        667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556,
        556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ]
    private static let bold = [
        278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
        333,
        333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611,
        722,
        667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
        611,
        611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
    ]

    /// Wider than Helvetica, which Arial and Liberation Sans share, by what DejaVu Sans is, the widest that is likely to stand in for it.
    private static let (regularRoom, boldRoom) = (1.15, 1.21)

    static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
        let (table, room) = isBold ? (bold, boldRoom) : (regular, regularRoom)
        return room
            * text.unicodeScalars.reduce(0.0) { sum, scalar in
                let index = Int(scalar.value) - 32
                // Letters beyond ASCII: ideographs and the like are as wide as they are high.
                let units = table.indices.contains(index) ? table[index] : scalar.value >= 0x1100 ? 1000 : 600
                return sum + Double(units) * size / 1000
            }
    }
}
