/// Where everything of a picture stands: boxes, frames, and lines between them that run round the boxes.
///
/// Rows from top to bottom; a frame is laid out by itself first and then stands in its row like a box. Lines run down through rows beside the
/// boxes and sideways only between rows.
struct PlotLayout {
    struct Point: Hashable {
        var x: Double
        var y: Double
    }

    struct Rectangle {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
        var maxX: Double { x + width }
        var maxY: Double { y + height }
    }

    struct Line {
        var points: [Point]
        /// Whether it points at a box at its end, or at its start.
        var pointsAtEnd = false
        var pointsAtStart = false
    }

    private(set) var width = 0.0
    private(set) var height = 0.0
    private(set) var boxes: [(box: PlotGraph.Box, place: Rectangle)] = []
    /// Outer frames before those inside them.
    private(set) var frames: [(name: String, place: Rectangle)] = []
    private(set) var lines: [Line] = []
    /// Where lines enter and leave a frame, by input and output: from its left side.
    private var entries: [Double] = []
    private var exits: [Double] = []

    /// Room between neighbours of a row, between rows, between lines, round a frame's content.
    private static let (gap, rowGap, trackGap, margin) = (36.0, 22.0, 10.0, 20.0)

    /// - Parameter isFramed: whether it is a nested model, with a name and with lines from and to its outside.
    init(_ graph: PlotGraph, isFramed: Bool = false) {
        var inner: [Int: PlotLayout] = [:]
        var nodes: [LayeredGraph.Node] = []
        for (index, element) in graph.elements.enumerated() {
            switch element {
            case .box(let box):
                let size = PlotBoxMeasure(box)
                nodes.append(LayeredGraph.Node(width: size.width, height: size.height, isReal: true))
            case .frame(let frame):
                let layout = PlotLayout(frame, isFramed: true)
                inner[index] = layout
                nodes.append(LayeredGraph.Node(width: layout.width, height: layout.height, isReal: true))
            }
        }
        func port(_ end: PlotGraph.End, isEntry: Bool) -> LayeredGraph.Port {
            guard let layout = inner[end.element] else { return LayeredGraph.Port(node: end.element) }
            let places = isEntry ? layout.entries : layout.exits
            let offset = places.indices.contains(end.tensor) ? places[end.tensor] - layout.width / 2 : 0
            return LayeredGraph.Port(node: end.element, offset: offset)
        }
        var links = graph.edges.map { LayeredGraph.Link(from: port($0.from, isEntry: false), to: port($0.to, isEntry: true)) }
        var (first, last): ([Int], [Int]) = ([], [])
        if isFramed {
            for entry in graph.entries {
                first.append(nodes.count)
                links.append(LayeredGraph.Link(from: LayeredGraph.Port(node: nodes.count), to: port(entry, isEntry: true)))
                nodes.append(LayeredGraph.Node(width: 12, height: 0, isReal: false))
            }
            for exit in graph.exits {
                last.append(nodes.count)
                links.append(LayeredGraph.Link(from: port(exit, isEntry: false), to: LayeredGraph.Port(node: nodes.count)))
                nodes.append(LayeredGraph.Node(width: 12, height: 0, isReal: false))
            }
        }
        var layered = LayeredGraph(nodes: nodes, links: links, first: first, last: last)
        layered.reduceCrossings()
        let middles = layered.horizontalPlaces(gap: PlotLayout.gap).map { $0 + PlotLayout.margin }
        let label = isFramed ? PlotText.width(graph.name, size: 14) + 2 * PlotLayout.margin : 0
        let right = layered.nodes.indices.map { middles[$0] + layered.nodes[$0].width / 2 }.max() ?? 0
        // A frame's name stands in its upper left corner, beside the lines that enter.
        let shift = isFramed && first.contains { middles[$0] < label } ? max(label - (first.map { middles[$0] }.min() ?? label), 0) : 0
        let room = isFramed ? min(shift, label) : 0
        width = max(right + room + PlotLayout.margin, label)
        entries = first.map { middles[$0] + room }
        exits = last.map { middles[$0] + room }
        place(graph, layered, middles.map { $0 + room }, inner, isFramed: isFramed, ends: Set(first + last))
    }

    private mutating func place(
        _ graph: PlotGraph, _ layered: LayeredGraph, _ middles: [Double], _ inner: [Int: PlotLayout], isFramed: Bool, ends: Set<Int>
    ) {
        let above = layered.neighbours(above: true)
        var y = isFramed ? 0 : PlotLayout.margin
        var tops = [Double](repeating: 0, count: layered.nodes.count)
        var bottomOfRow = y
        for (rank, row) in layered.rows.enumerated() {
            if rank > 0 {
                let links = row.flatMap { above[$0] }
                let tracks = PlotTracks(
                    links.map { link in
                        PlotTracks.Span(
                            from: middles[link.from.node] + link.from.offset, to: middles[link.to.node] + link.to.offset,
                            source: link.from, target: link.to)
                    })
                let pitch = PlotLayout.trackGap
                // A frame's name needs room before its first row.
                let start = bottomOfRow + PlotLayout.rowGap / 2 + (isFramed && rank == 1 ? 14 : 0)
                y = start + Double(max(tracks.count - 1, 0)) * pitch + PlotLayout.rowGap
                for (link, track) in zip(links, tracks.places) {
                    addLine(link, middles, from: bottomOfRow, through: start + Double(track) * pitch, to: y)
                }
            }
            let height = row.map { layered.nodes[$0].height }.max() ?? 0
            for node in row {
                tops[node] = layered.nodes[node].isReal ? y + (height - layered.nodes[node].height) / 2 : y
                // What only leads through, and what is lower than its row, has its line drawn on.
                if !layered.nodes[node].isReal, height > 0, !ends.contains(node) {
                    lines.append(Line(points: [Point(x: middles[node], y: y), Point(x: middles[node], y: y + height)]))
                }
            }
            bottomOfRow = y + height
            finishRow(row, layered, middles, tops, top: y, bottom: bottomOfRow, above, frames: Set(inner.keys))
        }
        height = bottomOfRow + (isFramed ? 0 : PlotLayout.margin)
        for (index, element) in graph.elements.enumerated() {
            let place = Rectangle(
                x: middles[index] - layered.nodes[index].width / 2, y: tops[index], width: layered.nodes[index].width,
                height: layered.nodes[index].height)
            switch element {
            case .box(let box): boxes.append((box, place))
            case .frame(let frame):
                guard let layout = inner[index] else { continue }
                frames.append((frame.name, place))
                add(layout, x: place.x, y: place.y)
            }
        }
        for node in layered.loops { addLoop(node, layered, middles, tops) }
    }

    /// From the lower end of one row to the upper end of the next.
    private mutating func addLine(
        _ link: LayeredGraph.Link, _ middles: [Double], from top: Double, through track: Double, to bottom: Double
    ) {
        let (start, end) = (middles[link.from.node] + link.from.offset, middles[link.to.node] + link.to.offset)
        var points = [Point(x: start, y: top)]
        if abs(start - end) > 0.01 { points += [Point(x: start, y: track), Point(x: end, y: track)] }
        points.append(Point(x: end, y: bottom))
        lines.append(Line(points: points))
    }

    /// Lines end at the row's edges: those of boxes lower than their row are led on to them, and arrows put where a box is met.
    private mutating func finishRow(
        _ row: [Int], _ layered: LayeredGraph, _ middles: [Double], _ tops: [Double], top: Double, bottom: Double,
        _ above: [[LayeredGraph.Link]], frames: Set<Int>
    ) {
        for node in row where layered.nodes[node].isReal {
            var seen: Set<Double> = []
            for link in above[node] where seen.insert(link.to.offset).inserted {
                let x = middles[node] + link.to.offset
                var line = Line(points: [Point(x: x, y: top - 8), Point(x: x, y: tops[node])])
                line.pointsAtEnd = !link.isReversed && !frames.contains(node)
                lines.append(line)
            }
            let lower = tops[node] + layered.nodes[node].height
            var left: Set<Double> = []
            for link in layered.links where link.from.node == node && left.insert(link.from.offset).inserted {
                let x = middles[node] + link.from.offset
                var line = Line(points: [Point(x: x, y: lower), Point(x: x, y: bottom + 6)])
                line.pointsAtStart = link.isReversed && !frames.contains(node)
                if lower < bottom || link.isReversed { lines.append(line) }
            }
        }
    }

    /// Beside the box, from its lower side to its upper.
    private mutating func addLoop(_ node: Int, _ layered: LayeredGraph, _ middles: [Double], _ tops: [Double]) {
        let (right, top) = (middles[node] + layered.nodes[node].width / 2, tops[node])
        let points = [(0.0, 0.7), (14, 0.7), (14, 0.3), (0, 0.3)].map { Point(x: right + $0.0, y: top + layered.nodes[node].height * $0.1) }
        lines.append(Line(points: points, pointsAtEnd: true))
    }

    private mutating func add(_ layout: PlotLayout, x: Double, y: Double) {
        func moved(_ place: Rectangle) -> Rectangle { Rectangle(x: place.x + x, y: place.y + y, width: place.width, height: place.height) }
        boxes += layout.boxes.map { ($0.box, moved($0.place)) }
        frames += layout.frames.map { ($0.name, moved($0.place)) }
        lines += layout.lines.map { line in
            var line = line
            line.points = line.points.map { Point(x: $0.x + x, y: $0.y + y) }
            return line
        }
    }
}

/// How large a box must be for what stands in it.
struct PlotBoxMeasure {
    static let (titleSize, textSize, padding, lineHeight, titleHeight, wordGap) = (16.0, 14.0, 10.0, 18.0, 34.0, 5.0)
    let width: Double
    let height: Double
    let cellWidths: [Double]

    init(_ box: PlotGraph.Box) {
        let title =
            PlotText.width(box.name, size: PlotBoxMeasure.titleSize, isBold: true)
            + PlotText.width(PlotBoxMeasure.typeText(box), size: PlotBoxMeasure.titleSize, isBold: box.name.isEmpty)
        let cells = box.cells.map { cell in
            (PlotBoxMeasure.lines(cell).map { line in
                PlotText.width(line.label, size: PlotBoxMeasure.textSize) + PlotBoxMeasure.wordGap
                    + PlotText.width(line.value, size: PlotBoxMeasure.textSize, isBold: true)
            }.max() ?? 0) + 2 * PlotBoxMeasure.padding
        }
        let wanted = max(title + PlotBoxMeasure.wordGap + 2 * PlotBoxMeasure.padding, cells.reduce(0, +)).rounded(.up)
        let spare = (wanted - cells.reduce(0, +)) / Double(max(cells.count, 1))
        width = wanted
        cellWidths = cells.map { $0 + spare }
        let lines = box.cells.map { PlotBoxMeasure.lines($0).count }.max() ?? 0
        height = PlotBoxMeasure.titleHeight + (lines == 0 ? 0 : Double(lines) * PlotBoxMeasure.lineHeight + 2 * PlotBoxMeasure.padding - 4)
    }

    /// What stands in a cell: one value behind its label, several below it.
    static func lines(_ cell: (label: String, lines: [String])) -> [(label: String, value: String)] {
        cell.lines.count == 1 ? [("\(cell.label):", cell.lines[0])] : [("\(cell.label)s:", "")] + cell.lines.map { ("", $0) }
    }

    /// What follows the name.
    static func typeText(_ box: PlotGraph.Box) -> String { box.name.isEmpty ? box.typeName : "(\(box.typeName))" }
}
