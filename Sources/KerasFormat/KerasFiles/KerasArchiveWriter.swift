import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// Writes a `.keras`: stored members in Keras's order. What ``KerasArchive`` reads.
enum KerasArchiveWriter {
    /// Keras writes when it saved; the same model is to make the same file.
    private static let date = "1980-01-01@00:00:00"

    static func write(_ model: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        let built = try BuiltModel(model.root)
        let options = options.telling(whatShares: built, of: model)
        let written = try ModelConfigWriter.json(
            model.root, built: built, target: options.target, form: .archive, losses: options.losses, notes: options.notes)
        var config = model.keepingWords(written, for: options.target, .archive).object ?? [:]
        if let compiled = try CompileConfigWriter(model, options)?.config() { config["compile_config"] = compiled }
        let metadata: JSON = ["keras_version": .string(model.versionText(for: options.target)), "date_saved": .string(date)]
        let sink = RopeSink()
        var archive = ZipWriter(sink, sizes: .plain)
        try archive.add(KerasArchive.metadata, ByteRope(Array(metadata.serialized().utf8)))
        try archive.add(KerasArchive.config, ByteRope(Array(JSON.object(config).serialized().utf8)))
        try archive.add(KerasArchive.weights, HDF5Image(PathWeightsWriter.draft(model, built, options)).content)
        for (path, layer) in KerasArchive.vocabularyLayers(of: model.root, by: options.target == .keras3 ? .keras3 : .tfKeras) {
            guard let words = layer.storedVocabulary else { continue }
            for inner in [path] + layer.innerPaths.map({ "\(path)/\($0)" }) {
                try archive.add("assets/\(inner)/\(KerasArchive.vocabulary)", ByteRope(Array(words.joined(separator: "\n").utf8)))
            }
        }
        for (name, content) in model.extras(in: .archive, for: options.target).assets {
            var rope = ByteRope()
            rope.append(content)
            try archive.add(name, rope)
        }
        try archive.finish()
        return sink.rope
    }
}
