import KerasModel
import Storage
import Tensors

/// Writes models as ONNX, to be run by other engines. One way: nothing is read.
///
/// What is written is what the runtime would compute, primitive by primitive, in the standard's own operators alone. The size of the batch stays
/// open as `N`, and so do other lengths of inputs that the model leaves open. Weights stand in the file under their paths, those of convolutions transposed as ONNX has them.
package enum ONNX {
    /// The version of the operators: that of ONNX 1.13, which engines since 2023 run.
    package static let opset = 18
    static let irVersion = 8

    /// The most that the file's format holds; larger models need files beside it.
    private static let largest = Int(Int32.max)

    static func write(_ saved: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        if saved.training != nil { options.notes.add("ONNX has no place for what the model was compiled with; it is left out") }
        return try export(try BuiltModel(saved.root), weights: saved.weights)
    }

    /// A model as an ONNX file.
    ///
    /// - Throws: `unsupported`, with the layer, for what cannot be said: numbers that hang on open lengths, models over 2 GB.
    package static func export(_ model: BuiltModel, weights: [WeightID: Tensor]) throws -> ByteRope {
        var exporter = ONNXExporter(
            try OpenGraph(model), weights,
            names: Dictionary(model.weightPaths.map { ($0.id, $0.path) }, uniquingKeysWith: { first, _ in first }))
        let file = try exporter.run(
            inputs: model.architecture.inputLayers.map(\.name), outputs: model.architecture.outputNames, name: model.root.name)
        guard file.count <= largest else {
            throw KerasError(
                .unsupported, "an ONNX file cannot be larger than 2 GB, and weights in files beside it are not written",
                found: "\(file.count) bytes")
        }
        return try file.encoded()
    }
}
