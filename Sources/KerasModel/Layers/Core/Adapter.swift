import JSON
import Tensors

/// An adapter of low rank on a frozen kernel: `kernel + alpha / rank · a · b`. Keras 3: `enable_lora`.
///
/// Files by path hold the sum in the kernel's place, those by layer the three apart.
struct Adapter: Sendable {
    var rank: Int?
    /// Keras: `lora_alpha`, the rank if nobody says.
    var alpha: JSON = nil

    static func keys<L: Layer>(at path: WritableKeyPath<L, Adapter> & Sendable) -> [ConfigKey<L>] {
        [
            ConfigKey<Adapter>.key("lora_rank", \.rank, in: [.keras3]).written { adapter, _ in adapter.rank != nil }.at(path),
            ConfigKey<Adapter>.key("lora_alpha", \.alpha, in: [.keras3]).written { adapter, _ in adapter.rank != nil }.at(path),
        ]
    }

    /// The kernel's own weight, frozen under an adapter.
    func adapted(_ kernel: WeightSpec) -> WeightSpec {
        guard rank != nil else { return kernel }
        var kernel = kernel
        (kernel.isTrainable, kernel.isStoredFirst) = (false, true)
        return kernel
    }

    func weights(of kernel: WeightSpec) throws -> [WeightSpec] {
        guard let rank else { return [] }
        guard rank > 0, let width = kernel.shape.dims.last else {
            throw KerasError(.malformed, "an adapter has no such rank", at: Place(key: "lora_rank"), found: "\(rank)")
        }
        // Until a file says otherwise they add nothing: Keras sets them so where the kernel holds the sum.
        return try [("a", kernel.shape.dims.dropLast() + [rank]), ("b", [rank, width])].map { name, shape in
            var spec = try WeightSpec("lora_\(kernel.name)_\(name)", shape, .zeros, regularizer: kernel.regularizer, dtype: .float32)
            spec.isMerged = true
            return spec
        }
    }

    /// The kernel with what the adapter adds.
    func weight(_ name: String, _ call: LayerCall) throws -> Value {
        let kernel = try call.weight(name)
        guard let rank else { return kernel }
        let a = try call.weight("lora_\(name)_a", as: .float32)
        let rows = try call.reshape(a, [a.shape.count / rank, rank])
        let product = try call.emit(.matrixMultiply, rows, try call.weight("lora_\(name)_b", as: .float32))
        let scaled = try call.emit(.unary(.affine(scale: (alpha.number ?? Double(rank)) / Double(rank), offset: 0)), product)
        return try call.emit(.binary(.add), kernel, try call.cast(try call.reshape(scaled, kernel.shape.dims), kernel.dtype))
    }
}
