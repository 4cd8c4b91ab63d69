import KerasFormat
import Tensors
import Testing

@testable import KerasModel

/// `keras plot`: nothing covers anything, whatever the model.
@Suite struct PlotTests {
    private static let models: [String] =
        ["generations", "summaries"].flatMap { folder in
            ((try? h5Files(in: "\(ModelFileTests.fixtures)/\(folder)")) ?? []).map { "\(folder)/\($0)" }
        }.filter { (try? ModelFile.read("\(ModelFileTests.fixtures)/\($0)")) != nil } + ["mnist_cnn_k315.h5"]

    /// Boxes apart from each other, inside their picture, and either inside a frame or apart from it; lines run round boxes, and end at them.
    private func check(_ layout: PlotLayout) {
        let boxes = layout.boxes.map(\.place)
        for (index, a) in boxes.enumerated() {
            #expect(a.x >= 0 && a.y >= 0 && a.maxX <= layout.width && a.maxY <= layout.height)
            for b in boxes[(index + 1)...] { #expect(areApart(a, b), "\(layout.boxes[index].box.name)") }
            for frame in layout.frames { #expect(areApart(a, frame.place) || isInside(a, frame.place)) }
        }
        for (index, a) in layout.frames.enumerated() {
            for b in layout.frames[(index + 1)...] { #expect(areApart(a.place, b.place) || isInside(b.place, a.place)) }
        }
        for line in layout.lines {
            for (from, to) in zip(line.points, line.points.dropFirst()) {
                #expect(from.x == to.x || from.y == to.y, "a line runs askew")
                for box in boxes { #expect(!crosses(from, to, box)) }
            }
            if line.pointsAtEnd, let end = line.points.last {
                #expect(
                    boxes.contains { ($0.x...$0.maxX).contains(end.x) && (abs($0.y - end.y) < 0.1 || end.x == $0.maxX) },
                    "an arrow points at nothing")
            }
        }
    }

    private func areApart(_ a: PlotLayout.Rectangle, _ b: PlotLayout.Rectangle) -> Bool {
        a.maxX <= b.x || b.maxX <= a.x || a.maxY <= b.y || b.maxY <= a.y
    }

    private func isInside(_ a: PlotLayout.Rectangle, _ b: PlotLayout.Rectangle) -> Bool {
        a.x >= b.x && a.y >= b.y && a.maxX <= b.maxX && a.maxY <= b.maxY
    }

    private func crosses(_ a: PlotLayout.Point, _ b: PlotLayout.Point, _ box: PlotLayout.Rectangle) -> Bool {
        let edge = 0.01
        return max(a.x, b.x) > box.x + edge && min(a.x, b.x) < box.maxX - edge && max(a.y, b.y) > box.y + edge
            && min(a.y, b.y) < box.maxY - edge
    }

    @Test(arguments: models, [true, false]) func fixtures(file: String, expandsNested: Bool) throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/\(file)")
        var options = PlotOptions()
        options.expandNested = expandsNested
        let graph = PlotGraph(saved.root, try BuiltModel(saved.root), options)
        let layout = PlotLayout(graph)
        check(layout)
        let svg = saved.root.plot(built: try BuiltModel(saved.root), options)
        #expect(svg == saved.root.plot(built: try BuiltModel(saved.root), options))
    }

    /// Models as they are found: blocks with skips, branches of any length, nested in each other, shared.
    @Test(arguments: 0..<60) func random(seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func draw(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        var made = 0
        func model(_ depth: Int) throws -> ModelLayer {
            made += 1
            let name = "model_\(made)"
            let inputs = (0..<1 + draw(2)).map { Input(4, name: "\(name)_in\($0)") }
            var tensors = inputs
            let shared = Dense(4, name: "\(name)_shared")
            for index in 0..<3 + draw(12) {
                let some = tensors[draw(tensors.count)]
                switch draw(depth > 0 ? 6 : 5) {
                case 0: tensors.append(shared(some))
                case 1:
                    tensors.append(Add(name: "\(name)_add\(index)")([some, tensors[draw(tensors.count)], tensors[draw(tensors.count)]]))
                case 5:
                    let nested = try model(depth - 1)
                    let count = nested.architecture.inputs.leaves.count
                    tensors += nested.outputs(calledOn: (0..<count).map { _ in tensors[draw(tensors.count)] })
                default: tensors.append(Dense(4, name: "\(name)_dense\(index)")(some))
                }
            }
            let sum = Add(name: "\(name)_sum")(inputs + [tensors[tensors.count - 1]])
            return ModelLayer(
                try Architecture(name: name, inputs: inputs, outputs: draw(2) == 0 ? [sum] : [sum, tensors[tensors.count - 2]]))
        }
        let root = try model(2)
        check(PlotLayout(PlotGraph(root, try BuiltModel(root), PlotOptions())))
    }

    @Test func namesAreEscaped() throws {
        let root = ModelLayer(Architecture(sequential: "m", layers: [Dense(2, name: "<&\"'\u{1}>").inputShape(2), Dense(1, name: "π图")]))
        let svg = root.plot(built: try BuiltModel(root))
        #expect(svg.contains("&lt;&amp;&quot;&#39;\u{FFFD}&gt;") && svg.contains("π图"))
        #expect(root.dot(built: try BuiltModel(root)).contains("&lt;&amp;&quot;&#39;\u{FFFD}&gt;"))
    }

    @Test func unbuiltModel() {
        let root = ModelLayer(Architecture(sequential: "m", layers: [Dense(2, name: "a"), Dense(1, name: "b")]))
        #expect(root.plot(built: nil).contains("font-weight=\"bold\">?</text>"))
        #expect(ModelLayer(Architecture(sequential: "none", layers: [])).plot(built: nil).hasPrefix("<svg"))
    }
}
