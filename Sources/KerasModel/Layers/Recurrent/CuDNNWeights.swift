import Tensors

/// How cuDNN has the weights of a recurrent layer: of each gate the kernel as a `(units, k)` matrix, laid down in a variable of the shape that Keras
/// has, and biases for the input and for the state. Source: `_convert_rnn_weights` (`keras/engine/saving.py` of Keras 2.2.4).
extension CellSettings {
    /// A weight of the cell as its formulas take it.
    ///
    /// - Parameters:
    ///   - name: `kernel`, `recurrent_kernel` or `bias`.
    ///   - gates: how many stand side by side.
    func weight(_ name: String, gates: Int, _ call: LayerCall) throws -> Value {
        let stored = try call.weight(name)
        guard isCuDNN else { return stored }
        guard stored.rank == 2 else {
            let units = stored.shape.count / (2 * gates)
            guard gates == 4 else { return try call.reshape(stored, [2, gates * units]) }
            // Both biases of an LSTM are added in the same place.
            let both = try [0, 1].map { try call.columns(stored, $0 * gates * units..<($0 + 1) * gates * units) }
            return try call.emit(.binary(.add), both[0], both[1])
        }
        let (rows, units) = (stored.shape[0], stored.shape[1] / gates)
        let apart = try call.transpose(try call.reshape(stored, [rows, gates, units]), [1, 0, 2])
        let turned = try call.transpose(try call.reshape(apart, [gates, units, rows]), [2, 0, 1])
        return try call.reshape(turned, [rows, gates * units])
    }
}

extension CellSettings {
    /// The keys that a layer of cuDNN has of those of the layer that it computes: cuDNN leaves no choice of the rest.
    static func cuDNNKeys<L: Layer>(_ keys: [ConfigKey<L>]) -> [ConfigKey<L>] {
        let fixed: Set<String> = [
            "activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout", "implementation", "seed", "unroll",
            "zero_output_for_mask",
        ]
        return keys.filter { !fixed.contains($0.name) }
    }
}
