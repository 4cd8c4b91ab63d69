import KerasFormat
import KerasModel
import Tensors

/// What became of each layer when weights were taken from a file by the layers' names.
public struct WeightsReport: Sendable {
    /// The layers that took all their weights, in the model's order.
    public let loaded: [String]
    /// The model's layers with weights that the file has none for.
    public let missing: [String]
    /// The file's layers with weights that the model has none for.
    public let unused: [String]
    /// Layers in both whose weights differ in number or shape, each with what is wrong.
    public let misfits: [(layer: String, problems: [Problem])]
}

extension Model {
    /// Takes the weights of a file: `.weights.h5`, a weights-only `.h5`, or what a whole `.h5` or `.keras` holds of them. Keras: `load_weights`.
    ///
    /// - Throws: a `mismatch` problem for all that does not fit the model; then nothing is changed.
    public func loadWeights(from path: String) throws {
        let built = try built()
        try set(try WeightsFile(path).weights(of: built))
    }

    /// Takes the weights of those layers that have the same name in a file, whatever else is in it. Keras: `load_weights(by_name=True)`.
    ///
    /// - Parameters:
    ///   - byName: false takes all, as ``loadWeights(from:)`` does.
    ///   - skipMismatch: leaves a layer as it is if what the file has under its name has another shape.
    /// - Returns: which layers took weights, and which did not.
    /// - Throws: a `mismatch` problem for each layer that does not fit, or if there is nothing to take; then nothing is changed.
    @discardableResult public func loadWeights(from path: String, byName: Bool, skipMismatch: Bool = false) throws -> WeightsReport {
        let built = try built()
        let file = try WeightsFile(path)
        guard byName else {
            try set(try file.weights(of: built))
            let names = built.architecture.layers.filter { !built.allWeights(of: $0).isEmpty }.map(\.name)
            return WeightsReport(loaded: names, missing: [], unused: [], misfits: [])
        }
        let taken = try WeightsByName(file, for: built)
        if !skipMismatch, !taken.misfits.isEmpty { throw KerasError(problems: taken.misfits.flatMap(\.error.problems)) }
        guard !taken.loaded.isEmpty else {
            if !taken.misfits.isEmpty { throw KerasError(problems: taken.misfits.flatMap(\.error.problems)) }
            throw KerasError(
                .mismatch, "no layer of the file has the name of one of the model's", at: Place(file: path),
                found: taken.unused.prefix(8).joined(separator: ", "), expected: taken.missing.prefix(8).joined(separator: ", "))
        }
        try set(taken.weights)
        return WeightsReport(
            loaded: taken.loaded.map(\.layer), missing: taken.missing, unused: taken.unused,
            misfits: taken.misfits.map { ($0.layer, $0.error.problems) })
    }

    /// Gives variables new values, each in the type the variable has.
    private func set(_ weights: [WeightID: Tensor]) throws {
        let variables = state.withLock { $0.variables }
        let values = try weights.compactMap { id, tensor in
            try variables[id].map { ($0, tensor.dtype == $0.tensor.dtype ? tensor : try tensor.converted(to: $0.tensor.dtype)) }
        }
        for (variable, tensor) in values { variable.set(tensor) }
    }
}
