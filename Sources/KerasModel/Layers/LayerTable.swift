/// docs/LAYERS.md: what this package knows, of the list of layers and of that of operations.
package enum LayerTable {
    /// The layers by name: those who have them, and whether they train.
    package static var rows: [(name: String, dialects: [String], trains: Bool)] {
        layers.map { type in
            (type.className, Dialect.allCases.filter(type.dialects.contains).map(\.rawValue), type.trains)
        }
    }

    private static var layers: [any Layer.Type] {
        knownLayers.filter { !($0 is any OperationLayer.Type) }.sorted { $0.className < $1.className }
    }

    private static func names(_ isMeant: (any Layer.Type) -> Bool) -> String {
        layers.filter(isMeant).map { "`\($0.className)`" }.joined(separator: ", ")
    }

    package static var markdown: String {
        var text = """
            # Layers

            Written by `keras layers --markdown` from the lists in `KerasModel`; a test fails when this page is behind them.

            A layer *runs* if the numbers it gives are Keras's, *trains* if gradients go through it and what it does in training alone is done. It is
            read and written in the words of each Keras that is marked; files of one are converted to another where both are.

            | layer | Keras 2 | tf.keras | Keras 3 | runs | trains |
            | --- | --- | --- | --- | --- | --- |

            """
        for type in layers {
            let aliases = type.aliases.isEmpty ? "" : " (" + type.aliases.joined(separator: ", ") + ")"
            let marks = [Dialect.keras2, .tfKeras, .keras3].map { type.dialects.contains($0) ? "✓" : "" }
            let isCode = type is OpaqueLayer.Type
            let own = [isCode ? "what is registered for it" : "✓", isCode ? "✓" : type.trains ? "✓" : ""]
            text += "| " + ([type.className + aliases] + marks + own).joined(separator: " | ") + " |\n"
        }
        text += """

            Layers of other classes are kept word for word and written back, and do what is registered for them:
            `Model.load(path, customLayers: CustomLayers([MyLayer.self], named: ["lambda_1": …]))`. Without that they are refused by name when the
            model is run. Python code in a file is never run.

            # Random in training

            With `training=False`, as models predict, these hand on what they get, integers as real numbers where Keras casts them:
            \(names { $0 is any TrainingOnly.Type || $0 is any ImageAugmentation.Type }).

            These do not:


            """
        for case let type as any RandomInTraining.Type in layers { text += "* `\(type.className)`: \(type.whenPredicting)\n" }
        text += """

            # Operations

            Functions that models call as they call layers: nodes of Keras 3 (`x + y`, `keras.ops.mean(x)`), `TFOpLambda` of tf.keras, and the
            `TensorFlowOpLayer` of TensorFlow before 2.4. They run and train, and are written back in the words they came in.


            """
        for (title, vocabulary) in [
            ("Keras 3", Operation.Vocabulary.keras3), ("TensorFlow's functions", .tensorflow), ("TensorFlow's graphs", .graph),
        ] {
            text += "**\(title):** " + Operation.names(in: vocabulary).map { "`\($0)`" }.joined(separator: ", ") + "\n\n"
        }
        return String(text.dropLast())
    }
}
