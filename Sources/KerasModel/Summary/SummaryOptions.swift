/// Whose summary: the two tables Keras has had since TensorFlow 2.13.
public enum SummaryStyle: String, CaseIterable, Sendable {
    /// Keras 3's boxes.
    case keras3
    /// The ruled lines of tf_keras, which are those of TensorFlow 2.13 to 2.15.
    case tfKeras = "tf_keras"
}

/// Whose summary, how wide, and what it shows besides.
package struct SummaryOptions: Sendable {
    package var style: SummaryStyle
    /// The width of the table; nil is Keras's own choice.
    package var lineLength: Int?
    /// The columns of the terminal, which Keras 3's own choice keeps within.
    package var columns: Int
    /// Shows the layers inside nested models too.
    package var expandsNested: Bool
    /// Adds a column that says which layers train.
    package var showsTrainable: Bool
    /// What the optimizer keeps, which Keras 3 counts once it is built.
    package var optimizer: SummarySize?

    package init(
        style: SummaryStyle = .keras3, lineLength: Int? = nil, columns: Int = 80, expandsNested: Bool = false, showsTrainable: Bool = false,
        optimizer: SummarySize? = nil
    ) {
        self.style = style
        self.lineLength = lineLength
        self.columns = columns
        self.expandsNested = expandsNested
        self.showsTrainable = showsTrainable
        self.optimizer = optimizer
    }

    /// Narrower than this a column of Keras 3's has no room for a letter, and Keras refuses.
    package static let minimumLength = 24

    /// The width asked for, or else Keras's choice for a table that would like `natural`.
    func length(natural: Int) -> Int { max(lineLength ?? natural, SummaryOptions.minimumLength) }
}

/// A number of weights and the bytes they take.
package struct SummarySize: Sendable, Hashable {
    package var count: Int
    package var bytes: Int

    package init(count: Int = 0, bytes: Int = 0) {
        self.count = count
        self.bytes = bytes
    }

    static func + (a: SummarySize, b: SummarySize) -> SummarySize { SummarySize(count: a.count + b.count, bytes: a.bytes + b.bytes) }

    /// `364.54 KB`, with the first of `units` for bytes.
    func readable(units: [String]) -> String {
        var value = Double(bytes)
        var units = units[...]
        while value >= 1024, units.count > 1 {
            value /= 1024
            units.removeFirst()
        }
        return "\(twoDecimals(value)) \(units.first ?? "")"
    }

    /// Rounded as Python's `.2f`: from the exact binary value, an even last digit where it lies between two.
    private func twoDecimals(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded(.toNearestOrEven))
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
