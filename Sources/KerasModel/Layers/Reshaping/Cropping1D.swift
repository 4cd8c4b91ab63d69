import JSON
import Tensors

/// Cells cut from the ends of a sequence: `(n, steps, c)` → `(n, steps', c)`.
public struct Cropping1D: CroppingLayer {
    public static let className = "Cropping1D"
    public static let spatialRank = 1
    public static let blank = Cropping1D()
    public static let keys: [ConfigKey<Cropping1D>] = [
        .edges("cropping", \.cropping, rank: spatialRank)
    ]

    public var base = LayerBase()
    /// Cells before and after; a pair in a file.
    public var cropping: [Edges]
    public var dataFormat: DataFormat { .channelsLast }

    /// As many at both ends.
    public init(_ cropping: Int = 1, name: String? = nil) {
        self.init(edges: Array(repeating: Edges(cropping, cropping), count: Self.spatialRank), name: name)
    }

    /// So many before and after.
    public init(_ cropping: (Int, Int), name: String? = nil) {
        self.init(edges: [Edges(cropping.0, cropping.1)], name: name)
    }

    private init(edges: [Edges], name: String?) {
        cropping = edges
        base.name = name
    }
}
