import KerasModel
import Tensors

extension Model {
    /// All weights in Keras's order: layer by layer, each layer's in the order of creation. Keras: `get_weights`.
    public func getWeights() throws -> [Tensor] { try variables(of: built().root).map(\.tensor) }

    /// The weights of one layer.
    ///
    /// - Throws: a `mismatch` problem if there is no such layer.
    public func getWeights(layer name: String) throws -> [Tensor] { try variables(of: getLayer(name)).map(\.tensor) }

    /// Replaces all weights. Keras: `set_weights`.
    ///
    /// - Throws: a `mismatch` problem for a wrong number, or for each wrong shape; then nothing is changed.
    public func setWeights(_ tensors: [Tensor]) throws { try set(tensors, variables(of: built().root)) }

    /// Replaces the weights of one layer.
    ///
    /// - Throws: a `mismatch` problem for a wrong number, or for each wrong shape; then nothing is changed.
    public func setWeights(_ tensors: [Tensor], layer name: String) throws { try set(tensors, variables(of: getLayer(name))) }

    private func variables(of layer: any Layer) throws -> [Variable] {
        let built = try built()
        let known = state.withLock { $0.variables }
        return built.allWeights(of: layer).compactMap { known[$0.id] }
    }

    private func set(_ tensors: [Tensor], _ variables: [Variable]) throws {
        guard tensors.count == variables.count else {
            throw KerasError(.mismatch, "another number of weights is needed", found: "\(tensors.count)", expected: "\(variables.count)")
        }
        var problems = ProblemList()
        let values = zip(tensors, variables).enumerated().compactMap { index, pair in
            problems.attempt {
                guard pair.0.shape == pair.1.spec.shape else {
                    throw KerasError(
                        .mismatch, "weight \(index) ('\(pair.1.spec.name)') has the wrong shape", found: "\(pair.0.shape)",
                        expected: "\(pair.1.spec.shape)")
                }
                return try pair.0.converted(to: pair.1.tensor.dtype)
            }
        }
        try problems.throwIfAny()
        for (value, variable) in zip(values, variables) { variable.set(value) }
    }
}
