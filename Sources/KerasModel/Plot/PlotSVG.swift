import Tensors

/// The picture as SVG: one file that needs no other.
struct PlotSVG {
    private var text = ""

    static func text(of layout: PlotLayout) -> String {
        var svg = PlotSVG()
        svg.draw(layout)
        return svg.text
    }

    private mutating func draw(_ layout: PlotLayout) {
        let (width, height) = (PlotSVG.number(layout.width), PlotSVG.number(layout.height))
        text += """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="Helvetica, Arial, 'Liberation Sans', sans-serif">
            <defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">\
            <path d="M0 0L10 5L0 10z"/></marker></defs>
            <rect width="\(width)" height="\(height)" fill="white"/>

            """
        for frame in layout.frames { draw(frame.name, frame.place) }
        text += "<g fill=\"none\" stroke=\"black\" stroke-width=\"1.2\">\n"
        for line in layout.lines { draw(line) }
        text += "</g>\n"
        for (box, place) in layout.boxes { draw(box, place) }
        text += "</svg>\n"
    }

    private mutating func draw(_ name: String, _ place: PlotLayout.Rectangle) {
        rectangle(place, "fill=\"#888\" fill-opacity=\"0.07\" stroke=\"#666\" stroke-dasharray=\"5 3\" rx=\"4\"")
        text += "<text x=\"\(PlotSVG.number(place.x + 10))\" y=\"\(PlotSVG.number(place.y + 18))\" font-size=\"14\" fill=\"#333\">"
        text += "\(PlotSVG.escaped(name))</text>\n"
    }

    private mutating func draw(_ line: PlotLayout.Line) {
        let points = line.points
        guard let first = points.first else { return }
        var path = "M\(PlotSVG.point(first))"
        for index in points.indices.dropFirst() {
            guard index + 1 < points.count else {
                path += "L\(PlotSVG.point(points[index]))"
                continue
            }
            // Corners are rounded, as far as there is room.
            let (before, corner, after) = (points[index - 1], points[index], points[index + 1])
            func toward(_ other: PlotLayout.Point) -> PlotLayout.Point {
                let length = abs(other.x - corner.x) + abs(other.y - corner.y)
                let part = length > 0 ? min(6, length / 2) / length : 0
                return PlotLayout.Point(x: corner.x + (other.x - corner.x) * part, y: corner.y + (other.y - corner.y) * part)
            }
            path += "L\(PlotSVG.point(toward(before)))Q\(PlotSVG.point(corner)) \(PlotSVG.point(toward(after)))"
        }
        let arrows = (line.pointsAtStart ? " marker-start=\"url(#arrow)\"" : "") + (line.pointsAtEnd ? " marker-end=\"url(#arrow)\"" : "")
        text += "<path d=\"\(path)\"\(arrows)/>\n"
    }

    private mutating func draw(_ box: PlotGraph.Box, _ place: PlotLayout.Rectangle) {
        let measure = PlotBoxMeasure(box)
        let title = PlotBoxMeasure.titleHeight
        rectangle(place, "fill=\"black\" stroke=\"black\"")
        let middle = place.x + place.width / 2
        let type = PlotBoxMeasure.typeText(box)
        write((box.name, true), (type, box.name.isEmpty), middle: middle, y: place.y + 23, size: PlotBoxMeasure.titleSize, "fill=\"white\"")
        var x = place.x
        for (cell, width) in zip(box.cells, measure.cellWidths) {
            let area = PlotLayout.Rectangle(x: x, y: place.y + title, width: width, height: place.height - title)
            rectangle(area, "fill=\"white\" stroke=\"black\"")
            let lines = PlotBoxMeasure.lines(cell)
            let top = area.y + (area.height - Double(lines.count) * PlotBoxMeasure.lineHeight) / 2 + 14
            for (index, line) in lines.enumerated() {
                let y = top + Double(index) * PlotBoxMeasure.lineHeight
                write((line.label, false), (line.value, true), middle: x + width / 2, y: y, size: PlotBoxMeasure.textSize)
            }
            x += width
        }
    }

    private mutating func rectangle(_ place: PlotLayout.Rectangle, _ style: String) {
        text += "<rect x=\"\(PlotSVG.number(place.x))\" y=\"\(PlotSVG.number(place.y))\" width=\"\(PlotSVG.number(place.width))\""
        text += " height=\"\(PlotSVG.number(place.height))\" \(style)/>\n"
    }

    /// Words and others behind them, about a middle. They part at a place of their own, so that neither covers the other in letters that are
    /// wider or narrower than was thought.
    private mutating func write(
        _ left: (text: String, isBold: Bool), _ right: (text: String, isBold: Bool), middle: Double, y: Double, size: Double,
        _ style: String = ""
    ) {
        let widths = [left, right].map { PlotText.width($0.text, size: size, isBold: $0.isBold) }
        let gap = PlotBoxMeasure.wordGap
        guard !left.text.isEmpty, !right.text.isEmpty else {
            write(left.text.isEmpty ? right : left, x: middle, y: y, size: size, anchor: "middle", style)
            return
        }
        let parting = middle + (widths[0] - widths[1]) / 2
        write(left, x: parting - gap / 2, y: y, size: size, anchor: "end", style)
        write(right, x: parting + gap / 2, y: y, size: size, anchor: "start", style)
    }

    private mutating func write(
        _ words: (text: String, isBold: Bool), x: Double, y: Double, size: Double, anchor: String, _ style: String
    ) {
        text += "<text x=\"\(PlotSVG.number(x))\" y=\"\(PlotSVG.number(y))\" font-size=\"\(Int(size))\" text-anchor=\"\(anchor)\""
        text += (words.isBold ? " font-weight=\"bold\"" : "") + (style.isEmpty ? "" : " \(style)") + ">"
        text += "\(PlotSVG.escaped(words.text))</text>\n"
    }

    private static func point(_ point: PlotLayout.Point) -> String { "\(number(point.x)) \(number(point.y))" }

    /// To a tenth.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let text = tenths % 10 == 0 ? "\(abs(tenths) / 10)" : "\(abs(tenths) / 10).\(abs(tenths) % 10)"
        return tenths < 0 ? "-" + text : text
    }

    /// Names come from files: what XML takes for its own is written out, and what it does not allow is replaced.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                let isAllowed = scalar.value >= 0x20 && scalar.value != 0x7F && scalar.value < 0xFFFE || scalar.value >= 0x10000
                result.unicodeScalars.append(isAllowed ? scalar : "\u{FFFD}")
            }
        }
        return result
    }
}
