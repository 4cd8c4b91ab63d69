import JSON
import Tensors

/// A ``GRU`` as cuDNN computes it, which resets after the product, with weights as cuDNN has them. Keras 2, and TensorFlow's `compat.v1`. It takes
/// no mask.
public struct CuDNNGRU: CelledLayer {
    public static let className = "CuDNNGRU"
    public static let dialects = Dialect.older
    public static let takesMasks = false
    public static var blank: CuDNNGRU { CuDNNGRU(0) }
    public static let keys: [ConfigKey<CuDNNGRU>] =
        CellSettings.cuDNNKeys(
            RecurrentSettings.keys(\.recurrent) + [.required("units", \.cell.units)]
                + CellSettings.keys(
                    \.cell.settings, .init(), activity: .key("activity_regularizer", \.activityRegularizer)))

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var cell: GRUCell
    public var activityRegularizer: Regularizer?

    /// Keras has no cell here.
    public var children: [ChildLayer] { [ChildLayer("", heldCell)] }

    public init(_ units: Int, name: String? = nil) {
        cell = GRUCell(units)
        cell.settings.isCuDNN = true
        base.name = name
    }
}
