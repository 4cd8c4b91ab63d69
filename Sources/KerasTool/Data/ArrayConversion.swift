import ArgumentParser
import Keras
import KerasModel
import Storage

/// The side of `keras convert` that is about arrays: from `.npy`, `.npz`, HDF5, `.csv` and IDX.
struct ArrayConversion: ParsableArguments {
    @OptionGroup var data: DataArguments

    /// True for an output that is a file of arrays.
    static func writes(_ output: String) -> Bool { OutputFile.namesArrays(output) }

    /// - Parameters:
    ///   - dtype: what elements become, as numpy's `astype`; nil leaves them.
    ///   - compressed: for a `.npz`, as `numpy.savez_compressed`.
    /// - Throws: what is wrong with either file; a `usage` problem for several arrays and a file that holds one.
    func run(_ input: String, to output: String, dtype: String?, compressed: Bool) throws {
        let goal = try dtype.map { name in
            guard let type = DType(name: name) else {
                throw KerasError(.usage, "--dtype names no type of elements", found: "'\(name)'", expected: "float32, for example")
            }
            return type
        }
        let target = try OutputFile(output)
        let source = try DataFile(input, data.options)
        func converted(_ tensor: Tensor) throws -> Tensor {
            try KerasError.placing(Place(file: source.path)) { try goal.map(tensor.converted) ?? tensor }
        }
        switch source.content {
        case .array(var tensor):
            // A table is read as what is asked for: by way of float64 a large integer would lose its last digits.
            if let goal, source.path.hasSuffix(".csv") {
                tensor = try KerasError.placing(Place(file: source.path)) {
                    try data.options.table(try Files.map(source.path), dtype: goal)
                }
            }
            try target.write([("arr_0", try converted(tensor))], compressed: compressed)
        case .archive(let members):
            try target.check(
                count: members.count, of: "\(source.path) holds", "arrays (\(DataFile.list(members.names)); one is \(source.path):NAME)")
            try target.write(
                try members.names.map { ($0, try converted(try members.tensor(named: $0, in: source.path))) }, compressed: compressed)
        }
    }
}
