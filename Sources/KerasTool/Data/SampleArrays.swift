import ArgumentParser
import Keras
import Storage

/// The arrays that `fit` and `evaluate` take: members of DATA by name, or files of their own. DATA that is one array is the inputs.
struct SampleArrays {
    private let data: DataFile
    private let options: DataOptions

    /// - Throws: `noInput`, or what is wrong with the file.
    init(_ path: String, _ options: DataOptions) throws {
        data = try DataFile(path, options)
        self.options = options
    }

    /// - Parameters:
    ///   - given: what `--x` says: names or files with commas between.
    ///   - usual: the name of the only input where nothing is given.
    ///   - names: the model's inputs.
    /// - Throws: a `mismatch` problem that says what there is, `noInput`, or what is wrong with a file.
    func inputs(_ given: String?, _ usual: String, for names: [String]) throws -> [Tensor] {
        if given == nil, names.count == 1, case .array(let tensor) = data.content { return [tensor] }
        return try SampleArrays.names(given, usual, names, "--x").map(array)
    }

    /// The same for the answers, which `--y` says.
    func targets(_ given: String?, _ usual: String, for names: [String]) throws -> [Tensor] {
        if given == nil, case .array = data.content {
            throw KerasError(
                .mismatch, "this is one array, which is taken for the inputs", at: Place(file: data.path),
                expected: "the answers by --y FILE, or both in a .npz")
        }
        return try SampleArrays.names(given, usual, names, "--y").map(array)
    }

    /// The array of a name in DATA, or in a file of that name.
    func array(_ name: String) throws -> Tensor {
        if case .archive(let members) = data.content, members.contains(name) || !DataFile.exists(name) {
            return try members.tensor(named: name, in: data.path)
        }
        let file = try DataFile(name, options)
        switch file.content {
        case .array(let tensor): return tensor
        case .archive(let members):
            guard let only = members.names.first, members.count == 1 else {
                throw KerasError(
                    .mismatch, "the file holds several arrays", at: Place(file: file.path), found: DataFile.list(members.names),
                    expected: "one of them after a colon: \(file.path):NAME")
            }
            return try members.tensor(named: only, in: file.path)
        }
    }

    /// Runs `body` on these arrays and a model: what is not supported lies with the model, anything else with the arrays.
    func placing<R>(model: String, _ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as KerasError {
            throw KerasError(problems: error.problems.map { $0.placed(Place(file: $0.kind == .unsupported ? model : data.path)) })
        }
    }

    /// The names that an option gives, or the usual ones.
    private static func names(_ given: String?, _ usual: String, _ known: [String], _ option: String) throws -> [String] {
        guard let given else { return known.count == 1 ? [usual] : known }
        let names = KerasTool.list(given)
        guard names.count == known.count else {
            throw ValidationError("\(option) names \(names.count) arrays; the model has \(known.count): \(known.joined(separator: ", "))")
        }
        return names
    }
}
