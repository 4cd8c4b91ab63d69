extension ModelLayer {
    /// Keras's picture of the model as SVG: a box for each layer, nested models framed. `built` is the same model with its shapes known, nil
    /// while they are not. Keras: `plot_model`.
    package func plot(built: BuiltModel?, _ options: PlotOptions = PlotOptions()) -> String {
        PlotSVG.text(of: PlotLayout(PlotGraph(self, built, options)))
    }

    /// The same graph in Graphviz's language. Keras: `model_to_dot`.
    package func dot(built: BuiltModel?, _ options: PlotOptions = PlotOptions()) -> String {
        PlotDot.text(of: PlotGraph(self, built, options))
    }
}
