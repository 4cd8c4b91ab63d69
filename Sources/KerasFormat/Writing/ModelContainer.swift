import KerasModel
import Storage
import Tensors

/// A kind of file that a model, or its weights alone, are written to, told by the file's name.
package struct ModelContainer: Sendable {
    package enum Content: Sendable {
        case model, architecture, weights
    }

    /// For messages: `whole model in HDF5`.
    package let name: String
    package let content: Content
    /// Tried against a file's name; of all containers the longest that fits counts.
    package let endings: [String]
    /// Whom it can be written for. The first is what a model made in Swift gets.
    package let targets: [SaveTarget]
    /// The kind of file it is, for what goes back into the same kind unread.
    package var form: Origin.Configuration.Form?
    /// Whether what stands in it can be compressed and read again.
    package var compresses = true
    /// The file's bytes. What could not be said and was left out goes into the options' `losses`.
    package let write: @Sendable (SavedModel, SaveOptions) throws -> ByteRope

    /// The table: containers and whom each can be written for.
    package static let all: [ModelContainer] = [
        ModelContainer(
            name: "a whole model in HDF5", content: .model, endings: [".h5", ".hdf5"], targets: [.universal, .keras3, .tfKeras, .keras2],
            form: .hdf5, write: LegacyModelWriter.write),
        ModelContainer(
            name: "weights in HDF5", content: .weights, endings: [".h5", ".hdf5"], targets: [.universal, .keras3, .tfKeras, .keras2],
            write: LegacyWeightsWriter.write),
        ModelContainer(
            name: "a .keras archive", content: .model, endings: [".keras"], targets: [.keras3, .tfKeras], form: .archive,
            write: KerasArchiveWriter.write),
        ModelContainer(
            name: "weights by path", content: .weights, endings: [".weights.h5"], targets: [.keras3, .tfKeras],
            write: PathWeightsWriter.write),
        ModelContainer(
            name: "architecture JSON", content: .architecture, endings: [".json"], targets: [.keras3, .tfKeras, .keras2, .universal],
            compresses: false, write: ArchitectureWriter.write),
        ModelContainer(
            name: "a whole model in safetensors", content: .model, endings: [".safetensors"], targets: [.keras3, .tfKeras, .keras2],
            compresses: false, write: SafetensorsModel.write),
        // Nobody's dialect: what the model computes.
        ModelContainer(name: "ONNX", content: .model, endings: [".onnx"], targets: [.keras3], compresses: false, write: ONNX.write),
    ]

    /// The container that a file of this name is.
    ///
    /// - Parameter weightsOnly: whether the model is left out where the name alone does not say it.
    /// - Throws: `usage` for a name that says none.
    package static func named(_ path: String, weightsOnly: Bool = false) throws -> ModelContainer {
        func fit(_ container: ModelContainer) -> Int { container.endings.filter(path.hasSuffix).map(\.utf8.count).max() ?? 0 }
        let best = all.map(fit).max() ?? 0
        let fitting = all.filter { best > 0 && fit($0) == best }
        guard !fitting.isEmpty else {
            let known = Set(all.flatMap(\.endings)).sorted().joined(separator: ", ")
            throw KerasError(
                .usage, "the file's name does not say its format", at: Place(file: path), expected: "a name ending in one of \(known)")
        }
        if weightsOnly {
            guard let weights = fitting.first(where: { $0.content == .weights }) else {
                throw KerasError(.usage, "weights alone do not go into such a file", at: Place(file: path))
            }
            return weights
        }
        return fitting.first { $0.content != .weights } ?? fitting[0]
    }

    /// Whom `model` is written for: those asked for; or else those it came from; or else, if it was made in Swift, the first.
    ///
    /// - Throws: `unsupported` if this container is not for them.
    package func target(for model: SavedModel, asked: SaveTarget?) throws -> SaveTarget {
        let wanted = asked ?? model.origin?.target
        guard let wanted else { return targets[0] }
        if targets.contains(wanted) { return wanted }
        guard asked != nil else { return targets[0] }
        guard targets.count > 1 else {
            throw KerasError(.unsupported, "\(name) is the same for every Keras", found: wanted.rawValue, expected: "no target")
        }
        throw KerasError(
            .unsupported, "\(name) is not written for \(wanted.rawValue)",
            expected: targets.map(\.rawValue).joined(separator: " or "))
    }
}

/// How a model is written.
package struct SaveOptions: Sendable {
    package var target: SaveTarget
    /// Whether the optimizer's state is left out. Its settings stay.
    package var stripsOptimizer = false
    /// Whether weights are stored through gzip and shuffle, which every Keras reads.
    package var compresses = false
    /// Takes what the target has no word for. Nil: such models are refused.
    package var losses: Losses?
    /// Takes what the user should know.
    package let notes = Losses()

    package init(target: SaveTarget) { self.target = target }

    /// The same for a file that holds a model's words, in which a layer that parts of the model share stands once for each.
    func telling(whatShares built: BuiltModel, of model: SavedModel) -> SaveOptions {
        guard built.tree(of: model.root).sharesLayers else { return self }
        var options = self
        notes.add("a layer that parts of the model have in common is written once for each, and whoever reads the file has as many")
        if model.training?.optimizerVariables.isEmpty == false, !stripsOptimizer {
            options.stripsOptimizer = true
            notes.add("the optimizer's state is left out: it is that of a layer in common")
        }
        return options
    }
}

extension ModelFile {
    /// Writes a model, or its weights, to `path`; what stood there is replaced at once or not at all.
    ///
    /// - Returns: what was left out or changed, in a sentence each.
    /// - Throws: `unsupported` problems for what the target cannot say, `cannotCreate` and `io` ones from the disk.
    @discardableResult package static func write(
        _ model: SavedModel, to path: String, as container: ModelContainer? = nil, target: SaveTarget? = nil,
        configure: (inout SaveOptions) -> Void = { _ in }
    ) throws -> [String] {
        try KerasError.placing(Place(file: path)) {
            let (content, notes) = try encode(model, as: container ?? .named(path), target: target, configure: configure)
            try AtomicFile.write(path) { try content.write(to: $0) }
            return notes
        }
    }

    /// The bytes of the file that ``write(_:to:as:target:configure:)`` would write.
    package static func encode(
        _ model: SavedModel, as container: ModelContainer, target: SaveTarget? = nil, configure: (inout SaveOptions) -> Void = { _ in }
    ) throws -> (content: ByteRope, notes: [String]) {
        var options = SaveOptions(target: try container.target(for: model, asked: target))
        configure(&options)
        if options.compresses, !container.compresses { options.notes.add("\(container.name) is not compressed") }
        if container.content != .weights { try model.tellExtras(in: container.form, options) }
        let content = try container.write(options.target == .universal ? model.withChainsAsGraphs(options.notes) : model, options)
        if container.content != .weights, options.target != model.origin?.target {
            // What they mean to those they came from is not known, so neither what they would to others.
            for sentence in ModelFile.unknownKeys(of: model.root) { options.notes.add("left out: \(sentence)") }
        }
        return (content, (options.losses?.sentences ?? []) + options.notes.sentences)
    }
}

extension SaveTarget {
    /// The version that files for it say they were written by.
    var kerasVersion: String {
        switch self {
        case .universal: "2.4.0"
        case .keras2: "2.2.4"
        case .tfKeras: "2.21.0"
        case .keras3: "3.15.1"
        }
    }
}
