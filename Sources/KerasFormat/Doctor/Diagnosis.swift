import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// One report of everything odd about a file: what keeps it from being read, what is not as it should be, and what each Keras makes of it.
package struct Diagnosis: Sendable {
    package struct Verdict: Sendable {
        package let reader: FileReader
        package let reading: Reading
        /// Why, each with the layers it is about.
        package let reasons: [(text: String, places: [String])]
    }

    package let container: String
    /// `Keras 2.2.4 on tensorflow`, as far as the file says it.
    package private(set) var writer: String?
    /// What keeps it from being read here.
    package private(set) var problems: [Problem] = []
    /// What is odd, though it can be read.
    package private(set) var oddities: [Problem] = []
    package let verdicts: [Verdict]

    /// - Throws: what keeps the file from being looked at at all.
    package init(_ path: String) throws {
        let bytes = try Files.read(path)
        let facts = try KerasError.placing(Place(file: path)) { try FileFacts(bytes, name: path) }
        container = facts.container.rawValue
        writer = Diagnosis.writer(facts)
        verdicts = facts.container == .other ? [] : FileReader.allCases.map { Diagnosis.judge(facts, $0) }
        do {
            try KerasError.placing(Place(file: path)) { try open(bytes, facts) }
        } catch let error as KerasError {
            problems = error.problems
        }
        oddities += Diagnosis.disguises(facts)
    }

    private static func writer(_ facts: FileFacts) -> String? {
        let name = facts.version.map { "Keras \($0.text)" } ?? (facts.isKeras1 ? "Keras 1 or older" : nil)
        return name.map { $0 + (facts.backend.map { " on \($0)" } ?? "") }
    }

    private static func judge(_ facts: FileFacts, _ reader: FileReader) -> Verdict {
        let applying = ReaderRule.rules(of: reader).compactMap { rule -> (rule: ReaderRule, places: [String])? in
            let places = rule.places(facts)
            return places.isEmpty ? nil : (rule, places.filter { !$0.isEmpty })
        }
        return Verdict(
            reader: reader, reading: applying.map(\.rule.reading).max() ?? .same, reasons: applying.map { ($0.rule.reason, $0.places) })
    }

    // MARK: Oddities

    private mutating func add(_ sentence: String, _ place: Place = Place(), found: String? = nil, expected: String? = nil) {
        oddities.append(Problem(kind: .mismatch, sentence: sentence, place: place, found: found, expected: expected))
    }

    private mutating func open(_ bytes: Buffer, _ facts: FileFacts) throws {
        switch facts.container {
        case .wholeHDF5, .archive, .json, .yaml: examine(try ModelFile.decode(bytes, name: facts.name), facts)
        case .legacyWeights, .pathWeights, .sharded: try examine(try WeightsFile(facts.name))
        case .other: _ = try ModelFile.decode(bytes, name: facts.name)
        }
    }

    private mutating func examine(_ model: SavedModel, _ facts: FileFacts) {
        for warning in model.warnings { add(warning) }
        guard let built = try? BuiltModel(model.root) else {
            return add("the model does not say its input's shape: its weights are made by the first data it sees")
        }
        for layer in built.architecture.layers {
            for entry in built.tree(of: layer).all {
                guard let tensor = model.weights[entry.id] else { continue }
                examine(tensor, Place(layer: layer.name, key: entry.spec.name))
            }
        }
        examine(training: model, built, facts)
    }

    private mutating func examine(_ tensor: Tensor, _ place: Place) {
        guard let numbers = try? tensor.statistics() else { return }
        if numbers.nanCount > 0 { add("a weight holds what is no number", place, found: "\(numbers.nanCount) of \(numbers.count)") }
        if numbers.infinityCount > 0 { add("a weight holds infinities", place, found: "\(numbers.infinityCount) of \(numbers.count)") }
        if ![DType.float32, .int64].contains(tensor.dtype) { add("a weight is not in float32", place, found: "\(tensor.dtype)") }
    }

    private mutating func examine(training model: SavedModel, _ built: BuiltModel, _ facts: FileFacts) {
        guard let training = model.training else { return }
        guard !training.optimizer.isNull else {
            return add(
                "the optimizer is missing, as Keras 3 loses it when a model was saved as .h5 before; Keras takes RMSprop",
                Place(key: "optimizer"))
        }
        do {
            let optimizer = try training.optimizer(for: built)
            guard !training.optimizerVariables.isEmpty else { return }
            if try training.state(of: optimizer, in: built) == nil {
                add(
                    "the optimizer's state is not of these weights", Place(object: "/optimizer_weights"),
                    found: "\(training.optimizerVariables.count) variables")
            }
        } catch let error as KerasError {
            oddities += error.problems
        } catch {}
    }

    private mutating func examine(_ file: WeightsFile) throws {
        if !file.unnamed.isEmpty {
            add(
                "the file gives its layers no names, as before Keras 3.6: weights are found by path alone",
                found: file.unnamed.prefix(4).joined(separator: ", "))
        }
        for weight in try file.list() where weight.type != "float32" {
            add("a weight is not in float32", Place(object: weight.path, layer: weight.layer), found: weight.type)
        }
    }

    /// A name that promises something else.
    private static func disguises(_ facts: FileFacts) -> [Problem] {
        let ending: String? =
            switch facts.container {
            case .wholeHDF5 where facts.name.hasSuffix(".keras"): ".keras"
            case .archive where facts.name.hasSuffix(".h5") || facts.name.hasSuffix(".hdf5"): ".h5"
            case .legacyWeights where facts.name.hasSuffix(".weights.h5"): ".weights.h5"
            default: nil
            }
        let name = ending.map {
            Problem(
                kind: .mismatch, sentence: "the file's name promises something else", found: facts.container.rawValue,
                expected: "what a \($0) is")
        }
        let theano =
            facts.isTheano
            ? Problem(kind: .mismatch, sentence: "Theano wrote it: kernels of convolutions are turned round, and are turned back here")
            : nil
        let windows =
            facts.isWindows
            ? Problem(kind: .mismatch, sentence: "groups' names have backslashes, as Keras on Windows wrote them") : nil
        return [name, theano, windows].compactMap { $0 }
    }
}
