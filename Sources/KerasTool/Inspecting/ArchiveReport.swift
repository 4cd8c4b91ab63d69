import HDF5
import Keras
import Storage

/// A ZIP archive: numpy's, Keras 3's `.keras`, or any other.
enum ArchiveReport {
    static func report(_ bytes: Buffer, name: String, allowPickle: Bool, _ problems: inout ProblemList) throws -> FileReport {
        let archive = try ZipArchive(bytes, name: name)
        guard !archive.members.isEmpty, archive.members.allSatisfy({ $0.name.hasSuffix(".npy") }) else {
            return archive.members.isEmpty && name.hasSuffix(".npz")
                ? try ArrayReport.npz(bytes, name: name, allowPickle: allowPickle, &problems) : other(archive, bytes, &problems)
        }
        return try ArrayReport.npz(bytes, name: name, allowPickle: allowPickle, &problems)
    }

    private static func other(_ archive: ZipArchive, _ bytes: Buffer, _ problems: inout ProblemList) -> FileReport {
        var table = TextTable([("member", .left), ("bytes", .right), ("stored", .right)])
        var members: [JSON] = []
        for member in archive.members {
            table.add([Terminal.visible(member.name), Numbers.grouped(member.count), Numbers.grouped(member.storedCount)])
            members.append(["name": .string(member.name), "bytes": .integer(member.count), "stored_bytes": .integer(member.storedCount)])
        }
        var facts = ModelFacts()
        func json(_ name: String) throws -> JSON? {
            guard let member = archive.member(named: name) else { return nil }
            let bytes = try archive.contents(of: member)
            return try KerasError.placing(Place(object: name)) { try JSON(parsing: String(decoding: bytes.bytes, as: UTF8.self)) }
        }
        let config = problems.attempt { try json("config.json") }.flatMap { $0 }
        let metadata = problems.attempt { try json("metadata.json") }.flatMap { $0 }
        if let config { facts.add(architecture: config) }
        if let metadata { facts.add(version: metadata["keras_version"]?.string, backend: nil) }
        if let config { facts.add(training: config["compile_config"] ?? nil) }
        var text = ModelFacts.lines(facts.lines) + "\n" + table.text()
        var object: JSONObject = ["keras": facts.json, "members": .array(members)]
        if let weights = archive.member(named: "model.weights.h5"),
            let file = problems.attempt({ try HDF5File(bytes: archive.contents(of: weights), name: weights.name) })
        {
            let inner = HDF5Report(file, &problems).report
            text += "\n\(weights.name)  \(inner.format)\n\(inner.text)"
            object["weights"] = .object(inner.json)
        }
        let isKeras = archive.member(named: "config.json") != nil
        return FileReport(format: isKeras ? "Keras archive" : "ZIP archive", bytes: bytes.count, text: text, json: object)
    }
}
