import JSON
import Tensors

/// Each step `size` times in a row: `(n, steps, c)` → `(n, steps · size, c)`.
public struct UpSampling1D: UpSamplingLayer {
    public static let className = "UpSampling1D"
    public static let blank = UpSampling1D()
    public static let keys: [ConfigKey<UpSampling1D>] = [.key("size", \.size)]

    public var base = LayerBase()
    public var size: Int

    public init(_ size: Int = 2, name: String? = nil) {
        self.size = size
        base.name = name
    }

    public var factors: [Int] { [size] }
    public var dataFormat: DataFormat { .channelsLast }
}
