import KerasFormat
import KerasModel
import Storage
import Tensors

extension Model {
    /// Writes the model to `path`, in the container its ending says: `.h5`, or its architecture as `.json`. What stood there is replaced at
    /// once, or, if anything fails, not at all. Keras: `save`.
    ///
    /// - Parameters:
    ///   - target: whose file it is to be. Nil: of those the model was read from; or, if it was made in Swift, in an `.h5` one that every
    ///     Keras loads.
    ///   - includeOptimizer: false leaves the optimizer's state out. Keras: `include_optimizer`.
    ///   - compress: stores the weights through gzip, which every Keras reads.
    ///   - lossy: leaves out what the target has no word for, where that is possible, instead of refusing it.
    /// - Returns: what was left out or changed, in a sentence each.
    /// - Throws: `unsupported` problems, one for each value the target has no word for; `cannotCreate` and `io` ones from the disk.
    @discardableResult public func save(
        to path: String, target: SaveTarget? = nil, includeOptimizer: Bool = true, compress: Bool = false, lossy: Bool = false
    ) throws -> [String] {
        try ModelFile.write(try savedModel(), to: path, target: target) {
            $0.stripsOptimizer = !includeOptimizer
            $0.compresses = compress
            if lossy { $0.losses = Losses() }
        }
    }

    /// Writes the weights alone. Keras: `save_weights`.
    ///
    /// - Returns: what was left out or changed, in a sentence each.
    /// - Throws: `cannotCreate` and `io` problems from the disk.
    @discardableResult public func saveWeights(to path: String, target: SaveTarget? = nil, compress: Bool = false) throws -> [String] {
        try ModelFile.write(try savedModel(), to: path, as: .named(path, weightsOnly: true), target: target) { $0.compresses = compress }
    }

    /// The bytes of the file that ``save(to:target:includeOptimizer:compress:lossy:)`` writes under a name with this ending.
    ///
    /// - Throws: `unsupported` problems, one for each value the target has no word for.
    public func serialized(as ending: String = ".h5", target: SaveTarget? = nil, includeOptimizer: Bool = true, compress: Bool = false)
        throws
        -> [UInt8]
    {
        let (content, _) = try ModelFile.encode(try savedModel(), as: .named(ending), target: target) {
            $0.stripsOptimizer = !includeOptimizer
            $0.compresses = compress
        }
        return content.bytes
    }

    /// Reads a model from the bytes of a file, as ``load(_:weights:trusted:customLayers:)`` does.
    ///
    /// - Parameter name: what messages call the file.
    /// - Throws: everything that is wrong with the file at once, each with its place: `malformed`, `mismatch`, `unsupported`.
    public static func load(bytes: [UInt8], name: String = "bytes", customLayers: CustomLayers = CustomLayers()) throws -> Model {
        try Model(
            try KerasError.placing(Place(file: name)) {
                try ModelFile.decode(try Buffer.copy(of: bytes), name: name, registry: customLayers.registry)
            })
    }

    /// The model as it is now, as a file holds it.
    ///
    /// - Throws: a `mismatch` problem while its input shape is not known.
    package func savedModel() throws -> SavedModel {
        _ = try built()
        return state.withLock { state in
            SavedModel(
                root: state.root, weights: state.variables.mapValues(\.tensor), training: state.training, origin: origin, warnings: warnings
            )
        }
    }
}
