import KerasModel
import Storage
import Tensors

// What lookups keep in a `.keras` file beside their configuration: `assets/layers/string_lookup/vocabulary.txt`, a word a line, and the weights
// of words as a variable `idf_weights` of their own. Source: `IndexLookup.save_assets`, `save_own_variables`.

extension KerasArchive {
    static let vocabulary = "vocabulary.txt"

    /// Gives lookups the words and weights that the archive has for them.
    ///
    /// - Returns: the members that were read, and the paths whose variables were.
    static func fillVocabularies(of model: inout ModelLayer, in archive: ZipArchive, _ variables: PathVariables) throws -> (
        members: Set<String>, paths: Set<String>
    ) {
        var (members, paths): (Set<String>, Set<String>) = ([], [])
        guard contains(model) else { return (members, paths) }
        // Paths hang on the classes alone, not on what is built.
        var found: [LayerID: (words: [String]?, weights: [Double]?)] = [:]
        for rules in PathRules.allCases {
            for (path, layer) in vocabularyLayers(of: model, by: rules) where found[layer.id] == nil {
                var content: (words: [String]?, weights: [Double]?)
                for inner in [path] + layer.innerPaths.map({ "\(path)/\($0)" }) {
                    let name = "assets/\(inner)/\(vocabulary)"
                    if let member = archive.member(named: name) {
                        try archive.verify(member)
                        let bytes = try archive.contents(of: member).withUnsafeBytes { Array($0) }
                        content.words = content.words ?? lines(bytes)
                        members.insert(name)
                    }
                    if let weights = variables[path: inner]?.variables.first, layer.weighs {
                        content.weights = try weights.tensor().scalars(as: Double.self)
                        paths.insert(inner)
                    }
                }
                if content.words != nil || content.weights != nil { found[layer.id] = content }
            }
        }
        model.architecture = filled(model.architecture, found)
        return (members, paths)
    }

    private static func contains(_ model: ModelLayer) -> Bool {
        model.architecture.layers.contains { $0 is any VocabularyLayer || ($0 as? ModelLayer).map(contains) ?? false }
    }

    /// The lookups of a model and of those within it, with the paths that files have them at.
    static func vocabularyLayers(of model: ModelLayer, by rules: PathRules) -> [(path: String, layer: any VocabularyLayer)] {
        guard let built = try? BuiltModel(model) else { return byClass(model, "", rules) }
        return built.tree(of: model).objects(by: rules).compactMap { object in
            (object.layer as? any VocabularyLayer).map { (object.path, $0) }
        }
    }

    /// The same of a model that cannot be built before it has its vocabularies.
    private static func byClass(_ model: ModelLayer, _ prefix: String, _ rules: PathRules) -> [(path: String, layer: any VocabularyLayer)] {
        var counts: [String: Int] = [:]
        return model.architecture.layers.flatMap { layer -> [(path: String, layer: any VocabularyLayer)] in
            let name = Architecture.snakeCase(layer.typeName)
            let count = counts[name, default: 0]
            counts[name] = count + 1
            let path = "\(prefix)\(rules.listOfLayers)/\(name)" + (count == 0 ? "" : "_\(count)")
            if let inner = layer as? ModelLayer { return byClass(inner, path + "/", rules) }
            return (layer as? any VocabularyLayer).map { [(path, $0)] } ?? []
        }
    }

    private static func filled(_ architecture: Architecture, _ found: [LayerID: (words: [String]?, weights: [Double]?)]) -> Architecture {
        var copy = architecture
        for (index, layer) in architecture.layers.enumerated() {
            if var inner = layer as? ModelLayer {
                inner.architecture = filled(inner.architecture, found)
                copy.layers[index] = inner
            } else if var lookup = layer as? any VocabularyLayer, let content = found[layer.id] {
                lookup.storedVocabulary = content.words
                lookup.storedWeights = content.weights
                copy.layers[index] = lookup
            }
        }
        return copy
    }

    /// As Python's `splitlines`, without empty lines at the end.
    private static func lines(_ bytes: [UInt8]) -> [String] {
        var lines = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r" || $0 == "\u{0B}" || $0 == "\u{0C}" || $0 == "\u{85}" || $0 == "\u{2028}" || $0 == "\u{2029}"
                || ("\u{1C}"..."\u{1E}").contains($0)
        }.map { String(String.UnicodeScalarView($0)) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }
}
