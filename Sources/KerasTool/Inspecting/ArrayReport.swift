import Keras
import KerasFormat
import Storage

/// numpy's arrays, one or an archive of them, and what else holds arrays alone.
enum ArrayReport {
    static func npy(_ bytes: Buffer, allowPickle: Bool) throws -> FileReport {
        if allowPickle, let pickle = try NPYPickle(bytes) {
            return try objects(.objects(try pickle.array(isAllowed: true)), "numpy array of objects", bytes.count)
        }
        return try one(NPY.decode(bytes), "numpy array", bytes.count)
    }

    /// A file that only its content or its name tells; nil for any other.
    static func other(_ bytes: Buffer, name: String, _ reading: DataOptions) throws -> FileReport? {
        if name.hasSuffix(".csv") { return try one(reading.table(bytes), "table of numbers", bytes.count) }
        if Gzip.sniff(bytes) || IDX.sniff(bytes) { return try one(IDX.decode(bytes), "IDX array", bytes.count) }
        guard DataFile.isPickle(bytes, name) else { return nil }
        guard reading.allowPickle else { throw DataFile.pickleIsNotAllowed }
        return try objects(try Pickle.decode(bytes), "Python pickle", bytes.count)
    }

    private static func one(_ tensor: Tensor, _ format: String, _ count: Int) throws -> FileReport {
        let facts = try ArrayFacts(tensor)
        return FileReport(format: format, bytes: count, text: table([("", facts)]), json: facts.json)
    }

    /// Arrays as arrays, and of all else what it is.
    private static func objects(_ value: PickleValue, _ format: String, _ count: Int) throws -> FileReport {
        var arrays: [(name: String, facts: ArrayFacts)] = []
        var others: [(label: String, text: String)] = []
        var json: JSONObject = [:]
        for (name, value) in DataFile.members(of: value) ?? [("", value)] {
            if let tensor = try? value.tensor() {
                let facts = try ArrayFacts(tensor)
                arrays.append((name, facts))
                json[name] = .object(facts.json)
            } else {
                let text = value.text.map { "text '\($0.count <= 60 ? $0 : "\($0.prefix(56)) …")'" } ?? value.kind
                others.append((Terminal.visible(name), Terminal.visible(text)))
                json[name] = ["type": .string(value.kind)]
            }
        }
        return FileReport(
            format: format, bytes: count, text: ModelFacts.lines(others) + (arrays.isEmpty ? "" : table(arrays)),
            json: ["objects": .object(json)])
    }

    /// What cannot be read goes into `problems`, and the rest is shown.
    static func npz(_ bytes: Buffer, name: String, allowPickle: Bool, _ problems: inout ProblemList) throws -> FileReport {
        let archive = try NPZ(bytes, name: name)
        var arrays: [(name: String, facts: ArrayFacts)] = []
        for name in archive.names {
            if let facts = problems.attempt({ try facts(name, in: archive, allowPickle) }) { arrays.append((name, facts)) }
        }
        let members = JSONObject(arrays.map { ($0.name, JSON.object($0.facts.json)) })
        return FileReport(
            format: "numpy archive of \(Numbers.counted(archive.count, "array"))", bytes: bytes.count,
            text: arrays.isEmpty ? "" : table(arrays),
            json: ["arrays": .object(members)])
    }

    private static func facts(_ name: String, in archive: NPZ, _ allowPickle: Bool) throws -> ArrayFacts {
        guard allowPickle, let pickle = try archive.pickle(named: name) else { return try ArrayFacts(try archive.tensor(named: name)) }
        return ArrayFacts(objects: try pickle.array(isAllowed: true))
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
        let hasNaN = arrays.contains { $0.facts.nans > 0 }
        let hasInfinite = arrays.contains { $0.facts.infinities > 0 }
        var columns: [(title: String, side: TextTable.Side)] = [
            ("dtype", .left), ("shape", .left), ("order", .left), ("min", .right), ("max", .right), ("mean", .right),
        ]
        if isNamed { columns.insert(("array", .left), at: 0) }
        if hasNaN { columns.append(("NaN", .right)) }
        if hasInfinite { columns.append(("infinite", .right)) }
        var table = TextTable(columns)
        for (name, facts) in arrays {
            var row = [facts.type, "\(facts.shape)", facts.isFortran ? "Fortran" : "C"]
            row += facts.range.map { [Numbers.short($0.min), Numbers.short($0.max), Numbers.short($0.mean)] } ?? ["", "", ""]
            if hasNaN { row.append(Numbers.grouped(facts.nans)) }
            if hasInfinite { row.append(Numbers.grouped(facts.infinities)) }
            table.add((isNamed ? [Terminal.visible(name)] : []) + row)
        }
        return "\n" + table.text()
    }
}

/// One array's form and the range of its numbers.
struct ArrayFacts {
    /// The element type's name.
    let type: String
    let shape: Shape
    let isFortran: Bool
    /// Over the finite numbers; nil if there are none.
    let range: (min: Double, max: Double, mean: Double)?
    private(set) var nans = 0
    private(set) var infinities = 0

    init(objects: ObjectArray) {
        (type, shape, isFortran, range) = ("object", objects.shape, false, nil)
    }

    init(_ tensor: Tensor) throws {
        type = "\(tensor.dtype)"
        shape = tensor.shape
        isFortran = !tensor.isContiguous
        guard tensor.dtype.isNumeric, tensor.count > 0 else {
            range = nil
            return
        }
        var (least, most, sum, count) = (Double.infinity, -Double.infinity, 0.0, 0)
        // A piece at a time: an array may fill the memory as it is.
        let rows = tensor.rank > 0 ? tensor.shape[0] : 1
        let step = max(1 << 20 / max(tensor.count / rows, 1), 1)
        for start in stride(from: 0, to: rows, by: step) {
            let piece = tensor.rank > 0 ? tensor[start..<min(start + step, rows)] : tensor
            for value in try piece.scalars(as: Double.self) {
                guard value.isFinite else {
                    if value.isNaN { nans += 1 } else { infinities += 1 }
                    continue
                }
                least = min(least, value)
                most = max(most, value)
                sum += value
                count += 1
            }
        }
        range = count > 0 ? (least, most, sum / Double(count)) : nil
    }

    var json: JSONObject {
        var object: JSONObject = [
            "dtype": .string(type), "shape": .array(shape.dims.map(JSON.integer)), "fortran_order": .bool(isFortran),
        ]
        if nans > 0 { object["nan"] = .integer(nans) }
        if infinities > 0 { object["infinite"] = .integer(infinities) }
        if let range {
            for (name, value) in [("min", range.min), ("max", range.max), ("mean", range.mean)] { object[name] = .float(value) }
            object["not_finite"] = .integer(nans + infinities)
        }
        return object
    }
}
