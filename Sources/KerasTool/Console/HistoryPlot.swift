import Keras

/// The curves of a training as SVG: the loss, and below it the metrics; what was validated is dashed.
struct HistoryPlot {
    private let history: History
    private var text = ""

    private static let (width, height, left, top) = (640.0, 260.0, 64.0, 34.0)
    private static let (plotWidth, plotHeight) = (440.0, 180.0)
    private static let colours = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"]

    static func svg(_ history: History) -> String {
        var plot = HistoryPlot(history: history)
        return plot.draw()
    }

    private init(history: History) { self.history = history }

    private mutating func draw() -> String {
        let names = history.names.filter { !$0.hasPrefix("val_") }
        let losses = names.filter { $0 == "loss" || $0.hasSuffix("_loss") }
        let panels = [losses, names.filter { !losses.contains($0) }].filter { !$0.isEmpty }
        let height = Self.height * Double(max(panels.count, 1))
        text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(height))" \
            viewBox="0 0 \(Int(Self.width)) \(Int(height))" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>

            """
        for (index, names) in panels.enumerated() { draw(names, top: Self.height * Double(index) + Self.top) }
        text += "</svg>\n"
        return text
    }

    private mutating func draw(_ names: [String], top: Double) {
        let curves = names.flatMap { [$0, "val_" + $0] }.map { (name: $0, values: history[$0]) }.filter { !$0.values.isEmpty }
        let finite = curves.flatMap(\.values).filter(\.isFinite)
        guard let smallest = finite.min(), let largest = finite.max() else { return }
        let margin = largest > smallest ? 0.05 * (largest - smallest) : max(abs(largest), 1) * 0.05
        let (low, high) = (smallest - margin, largest + margin)
        let count = history.epoch.count
        func x(_ epoch: Int) -> Double { Self.left + (count > 1 ? Double(epoch) / Double(count - 1) : 0.5) * Self.plotWidth }
        func y(_ value: Double) -> Double { top + (high - value) / (high - low) * Self.plotHeight }

        text += "<g stroke=\"#ddd\">\n"
        for line in 0...4 {
            let at = Numbers.fixed(y(low + (high - low) * Double(line) / 4), 1)
            text += "<path d=\"M\(Numbers.fixed(Self.left, 1)) \(at)h\(Numbers.fixed(Self.plotWidth, 1))\"/>\n"
        }
        text += "</g>\n<g fill=\"#333\">\n"
        for line in 0...4 {
            let value = low + (high - low) * Double(line) / 4
            text += "<text x=\"\(Numbers.fixed(Self.left - 6, 1))\" y=\"\(Numbers.fixed(y(value) + 4, 1))\" text-anchor=\"end\">"
            text += "\(Numbers.short(value))</text>\n"
        }
        let step = max((count + 9) / 10, 1)
        for epoch in stride(from: 0, to: count, by: step) {
            text +=
                "<text x=\"\(Numbers.fixed(x(epoch), 1))\" y=\"\(Numbers.fixed(top + Self.plotHeight + 16, 1))\" text-anchor=\"middle\">"
            text += "\(history.epoch[epoch] + 1)</text>\n"
        }
        text += "</g>\n"
        for (index, curve) in curves.enumerated() {
            let isValidation = curve.name.hasPrefix("val_")
            let owner = names.firstIndex { $0 == curve.name || "val_" + $0 == curve.name } ?? 0
            let style =
                "stroke=\"\(Self.colours[owner % Self.colours.count])\" fill=\"none\" stroke-width=\"2\""
                + (isValidation ? " stroke-dasharray=\"6 4\"" : "")
            let points = curve.values.enumerated().filter { $0.element.isFinite }
            let path = points.map { "\(Numbers.fixed(x($0.offset), 1)) \(Numbers.fixed(y($0.element), 1))" }.joined(separator: "L")
            text += "<path d=\"M\(path)\(points.count == 1 ? "h0.1" : "")\" stroke-linecap=\"round\" \(style)/>\n"
            let (right, line) = (Self.left + Self.plotWidth + 14, top + 14 + 20 * Double(index))
            text += "<path d=\"M\(Numbers.fixed(right, 1)) \(Numbers.fixed(line - 4, 1))h22\" \(style)/>\n"
            text += "<text x=\"\(Numbers.fixed(right + 28, 1))\" y=\"\(Numbers.fixed(line, 1))\">\(Self.escaped(curve.name))</text>\n"
        }
    }

    /// Names come from files.
    private static func escaped(_ text: String) -> String {
        Terminal.visible(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
