/// What a picture of a model shows, by the names of `keras.utils.plot_model`'s arguments.
public struct PlotOptions: Sendable {
    /// Shapes of what goes into a layer and comes out.
    public var showShapes = true
    /// The type of what comes out.
    public var showDType = true
    public var showLayerNames = true
    /// Whether nested models are opened, each in a frame.
    public var expandNested = true

    public init() {}
}
