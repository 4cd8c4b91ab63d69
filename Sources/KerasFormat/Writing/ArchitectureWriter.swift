import JSON
import KerasModel
import Storage
import Tensors

/// Architecture JSON, as `to_json` writes it.
enum ArchitectureWriter {
    static func write(_ model: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        let json = try ModelConfigWriter.json(
            model.root, built: try? BuiltModel(model.root), target: options.target, losses: options.losses, notes: options.notes)
        return try ByteRope(Array(model.keepingWords(json, for: options.target, .json).serialized().utf8))
    }
}
