import ArgumentParser
import KerasModel

struct Layers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells which layers and operations this version knows.",
        discussion: """
            A line for each layer: its name, the Kerases that have it (Keras 2, tf.keras, Keras 3), and whether it trains. With --markdown it is
            the page docs/LAYERS.md.

            Examples:
              keras layers
              keras layers --markdown > docs/LAYERS.md
            """)

    @Flag(help: "Print docs/LAYERS.md.")
    var markdown = false

    func run() {
        if markdown { return Terminal.write(LayerTable.markdown) }
        var table = TextTable([("layer", .left), ("in", .left), ("", .left)])
        for row in LayerTable.rows { table.add([row.name, row.dialects.joined(separator: ", "), row.trains ? "" : "does not train"]) }
        Terminal.write(table.text(indent: ""))
    }
}
