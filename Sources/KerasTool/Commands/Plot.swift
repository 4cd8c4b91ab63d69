import ArgumentParser
import Keras
import Storage

struct Plot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draws a model's graph, as Keras's plot_model does.",
        discussion: """
            A box for each layer with its name, class, shapes and type; nested models are opened, each in a frame. The picture is an .svg, which \
            every browser shows, or Graphviz's .dot.

            Examples:
              keras plot model.h5 -o model.svg
              keras plot model.json -o model.svg --collapse-nested --no-show-dtype
            """)

    @Argument(help: "A Keras model, or architecture .json.")
    var model: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The picture to write, named .svg or .dot.", valueName: "out"))
    var output: String

    @Flag(inversion: .prefixedNo, help: "Show the shapes of what goes in and comes out.")
    var showShapes = true

    @Flag(inversion: .prefixedNo, help: "Show the type of what comes out.")
    var showDtype = true

    @Flag(inversion: .prefixedNo, help: "Show the layers' names.")
    var showLayerNames = true

    @Flag(help: "Draw a nested model as one box.")
    var collapseNested = false

    func validate() throws {
        guard output.hasSuffix(".svg") || output.hasSuffix(".dot") else {
            throw ValidationError("the output must be named .svg or .dot, not '\(output)'")
        }
    }

    func run() throws {
        let model = try Model.load(self.model)
        for warning in model.warnings { Terminal.warn("\(self.model): \(warning)") }
        var options = PlotOptions()
        options.showShapes = showShapes
        options.showDType = showDtype
        options.showLayerNames = showLayerNames
        options.expandNested = !collapseNested
        let text = output.hasSuffix(".dot") ? model.dot(options) : model.plot(options)
        try AtomicFile.write(output) { try $0.write(Array(text.utf8)) }
    }
}
