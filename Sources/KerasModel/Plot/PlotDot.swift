/// The picture's graph in Graphviz's language, with the labels that Keras gives it, for those who would have it laid out by `dot`.
enum PlotDot {
    static func text(of graph: PlotGraph) -> String {
        var text = "digraph {\nrankdir=TB\nconcentrate=true\nsplines=ortho\nnode [shape=plain fontname=Helvetica]\n"
        var edges = ""
        write(graph, "n", &text, &edges)
        return text + edges + "}\n"
    }

    private static func write(_ graph: PlotGraph, _ path: String, _ text: inout String, _ edges: inout String) {
        for (index, element) in graph.elements.enumerated() {
            switch element {
            case .box(let box): text += "\(path)_\(index) [label=<\(label(box))>]\n"
            case .frame(let frame):
                text += "subgraph cluster_\(path)_\(index) {\nstyle=dashed labeljust=l label=<\(PlotSVG.escaped(frame.name))>\n"
                write(frame, "\(path)_\(index)", &text, &edges)
                text += "}\n"
            }
        }
        for edge in graph.edges {
            guard let from = end(edge.from, isEntry: false, graph, path), let to = end(edge.to, isEntry: true, graph, path) else {
                continue
            }
            edges += "\(from) -> \(to)\n"
        }
    }

    /// The box that is meant, inside frames as deep as it stands.
    private static func end(_ end: PlotGraph.End, isEntry: Bool, _ graph: PlotGraph, _ path: String) -> String? {
        guard case .frame(let frame) = graph.elements[end.element] else { return "\(path)_\(end.element)" }
        let ends = isEntry ? frame.entries : frame.exits
        guard ends.indices.contains(end.tensor) else { return nil }
        return self.end(ends[end.tensor], isEntry: isEntry, frame, "\(path)_\(end.element)")
    }

    private static func label(_ box: PlotGraph.Box) -> String {
        let name = box.name.isEmpty ? "" : "<b>\(PlotSVG.escaped(box.name))</b> "
        let title = "<font point-size=\"16\" color=\"white\">\(name)\(PlotSVG.escaped(PlotBoxMeasure.typeText(box)))</font>"
        let cells = box.cells.map { cell in
            let lines = cell.lines.map { "<b>\(PlotSVG.escaped($0))</b>" }.joined(separator: "<br/>")
            return "<td bgcolor=\"white\">\(cell.label): \(lines)</td>"
        }
        let head = "<tr><td colspan=\"\(max(cells.count, 1))\" bgcolor=\"black\">\(title)</td></tr>"
        let row = cells.isEmpty ? "" : "<tr>\(cells.joined())</tr>"
        return "<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"8\">\(head)\(row)</table>"
    }
}
