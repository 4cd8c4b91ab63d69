import Keras
import KerasFormat

/// numpy's arrays, one or an archive of them.
enum ArrayReport {
    static func npy(_ bytes: Buffer) throws -> FileReport {
        let facts = try ArrayFacts(NPY.decode(bytes))
        return FileReport(format: "numpy array", bytes: bytes.count, text: table([("", facts)]), json: facts.json)
    }

    /// What cannot be read goes into `problems`, and the rest is shown.
    static func npz(_ bytes: Buffer, name: String, _ problems: inout ProblemList) throws -> FileReport {
        let archive = try NPZ(bytes, name: name)
        var arrays: [(name: String, facts: ArrayFacts)] = []
        for name in archive.names {
            if let facts = problems.attempt({ try ArrayFacts(try archive.tensor(named: name)) }) { arrays.append((name, facts)) }
        }
        let members = JSONObject(arrays.map { ($0.name, JSON.object($0.facts.json)) })
        return FileReport(
            format: "numpy archive of \(Numbers.counted(archive.count, "array"))", bytes: bytes.count,
            text: arrays.isEmpty ? "" : table(arrays),
            json: ["arrays": .object(members)])
    }

    static func safetensors(_ bytes: Buffer) throws -> FileReport {
        let file = try Safetensors(bytes)
        let arrays = try file.tensors.map { (name: $0.name, facts: try ArrayFacts($0.tensor)) }
        let metadata = file.metadata.map { ($0.key, Terminal.visible($0.value.count <= 80 ? $0.value : "\($0.value.prefix(76)) …")) }
        return FileReport(
            format: "safetensors of \(Numbers.counted(arrays.count, "array"))", bytes: bytes.count,
            text: ModelFacts.lines(metadata) + (arrays.isEmpty ? "" : table(arrays)),
            json: [
                "metadata": .object(JSONObject(file.metadata.map { ($0.key, .string($0.value)) })),
                "arrays": .object(JSONObject(arrays.map { ($0.name, .object($0.facts.json)) })),
            ])
    }

    private static func table(_ arrays: [(name: String, facts: ArrayFacts)]) -> String {
        let isNamed = arrays.contains { !$0.name.isEmpty }
        let hasOdd = arrays.contains { $0.facts.notFinite > 0 }
        var columns: [(title: String, side: TextTable.Side)] = [
            ("dtype", .left), ("shape", .left), ("order", .left), ("min", .right), ("max", .right), ("mean", .right),
        ]
        if isNamed { columns.insert(("array", .left), at: 0) }
        if hasOdd { columns.append(("not finite", .right)) }
        var table = TextTable(columns)
        for (name, facts) in arrays {
            var row = ["\(facts.dtype)", "\(facts.shape)", facts.isFortran ? "Fortran" : "C"]
            row += facts.range.map { [Numbers.short($0.min), Numbers.short($0.max), Numbers.short($0.mean)] } ?? ["", "", ""]
            table.add((isNamed ? [Terminal.visible(name)] : []) + row + (hasOdd ? [Numbers.grouped(facts.notFinite)] : []))
        }
        return "\n" + table.text()
    }
}

/// One array's form and the range of its numbers.
struct ArrayFacts {
    let dtype: DType
    let shape: Shape
    let isFortran: Bool
    /// Over the finite numbers; nil if there are none.
    let range: (min: Double, max: Double, mean: Double)?
    private(set) var notFinite = 0

    init(_ tensor: Tensor) throws {
        dtype = tensor.dtype
        shape = tensor.shape
        isFortran = !tensor.isContiguous
        guard dtype.isNumeric, tensor.count > 0 else {
            range = nil
            return
        }
        var (least, most, sum, count) = (Double.infinity, -Double.infinity, 0.0, 0)
        // A piece at a time: an array may fill the memory as it is.
        let rows = tensor.rank > 0 ? tensor.shape[0] : 1
        let step = max(1 << 20 / max(tensor.count / rows, 1), 1)
        for start in stride(from: 0, to: rows, by: step) {
            let piece = tensor.rank > 0 ? tensor[start..<min(start + step, rows)] : tensor
            for value in try piece.scalars(as: Double.self) where value.isFinite {
                least = min(least, value)
                most = max(most, value)
                sum += value
                count += 1
            }
        }
        notFinite = tensor.count - count
        range = count > 0 ? (least, most, sum / Double(count)) : nil
    }

    var json: JSONObject {
        var object: JSONObject = [
            "dtype": .string("\(dtype)"), "shape": .array(shape.dims.map(JSON.integer)), "fortran_order": .bool(isFortran),
        ]
        if let range {
            for (name, value) in [("min", range.min), ("max", range.max), ("mean", range.mean)] { object[name] = .float(value) }
            object["not_finite"] = .integer(notFinite)
        }
        return object
    }
}
