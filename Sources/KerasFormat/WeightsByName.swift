import KerasModel
import Tensors

/// What became of each layer when weights were taken by the layers' names.
package struct WeightsByName {
    /// The layers that took all their weights, in the model's order, and how many they are.
    package private(set) var loaded: [(layer: String, weights: Int)] = []
    /// Layers of this name are in both, but their weights differ.
    package private(set) var misfits: [(layer: String, error: KerasError)] = []
    /// The model's layers with weights that the file has nothing for.
    package private(set) var missing: [String] = []
    /// The file's layers that the model has nothing for.
    package private(set) var unused: [String] = []
    package private(set) var weights: [WeightID: Tensor] = [:]

    /// Pairs the layers of the outermost model with those of the file: inside a nested model weights go by position or path, as in Keras.
    ///
    /// - Throws: `mismatch` if the file has no names for its layers.
    package init(_ file: WeightsFile, for model: BuiltModel) throws {
        guard file.unnamed.isEmpty else {
            throw KerasError(
                .mismatch, "the file gives its layers no names", at: Place(file: file.name),
                found: file.unnamed.prefix(6).joined(separator: ", "), expected: "names, as Keras writes them since 3.6; or weights by path"
            )
        }
        let stored = Dictionary(file.layers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var used: Set<String> = []
        for layer in model.architecture.layers {
            let count = model.allWeights(of: layer).count
            guard count > 0 else { continue }
            guard let source = stored[layer.name] else {
                missing.append(layer.name)
                continue
            }
            used.insert(source.name)
            do {
                weights.merge(try file.weights(source, of: layer, in: model)) { $1 }
                loaded.append((layer.name, count))
            } catch let error as KerasError where !error.isOfResources {
                misfits.append((layer.name, error.placed(Place(layer: layer.name))))
            }
        }
        unused = file.layers.map(\.name).filter { !used.contains($0) }
    }
}
