import KerasModel
import Tensors

extension Model {
    /// Keras's own table of the layers, their output shapes and their parameters. Keras: `summary`.
    ///
    /// - Parameters:
    ///   - lineLength: the width in letters; nil is Keras's choice for a terminal of 80.
    ///   - expandNested: shows the layers inside nested models too.
    ///   - showTrainable: adds a column that says which layers train.
    public func summary(style: SummaryStyle = .keras3, lineLength: Int? = nil, expandNested: Bool = false, showTrainable: Bool = false)
        -> String
    {
        summary(
            SummaryOptions(
                style: style, lineLength: lineLength, expandsNested: expandNested, showsTrainable: showTrainable))
    }

    package func summary(_ options: SummaryOptions) -> String {
        let (root, known, training) = state.withLock { ($0.root, $0.built, $0.training) }
        var options = options
        options.optimizer = options.optimizer ?? training?.sizeOnceLoaded
        // A model without weights yet is built for its shapes alone; one without an input shape shows what it can.
        return root.summary(built: known ?? (try? BuiltModel(root)), options)
    }
}
