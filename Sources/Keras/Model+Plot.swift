import KerasModel

extension Model {
    /// Keras's picture of the model as SVG: a box for each layer with its shapes and type, nested models opened, laid out in rows. Keras:
    /// `plot_model`.
    public func plot(_ options: PlotOptions = PlotOptions()) -> String { picture { $0.plot(built: $1, options) } }

    /// The same graph in Graphviz's language. Keras: `model_to_dot`.
    public func dot(_ options: PlotOptions = PlotOptions()) -> String { picture { $0.dot(built: $1, options) } }

    private func picture(_ draw: (ModelLayer, BuiltModel?) -> String) -> String {
        let (root, known) = state.withLock { ($0.root, $0.built) }
        return draw(root, known ?? (try? BuiltModel(root)))
    }
}
