import Foundation
import JSON
import NumPy
import Storage

/// The package's own folder, found from this file's place in it.
let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
let fixtures = package.appending(path: "Fixtures/numpy")
/// Files of other people, beside the package on a machine that has them.
let corpus = package.deletingLastPathComponent().appending(path: "shared/corpus")

/// Every file under `folder` whose name has one of these endings; none where there is no such folder.
func files(under folder: URL, endings: [String]) -> [URL] {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return files.filter { endings.contains($0.pathExtension) }.sorted { $0.path < $1.path }
}

/// What numpy says is in a fixture.
struct Expected: Sendable, CustomStringConvertible {
    let key: String
    let dtype: String
    let shape: [Int]
    let bytes: [UInt8]
    /// numpy would write the same file again.
    let isRewritten: Bool

    var description: String { key }

    static let all: [Expected] = {
        guard let text = try? Data(contentsOf: fixtures.appending(path: "expected.json")), let json = try? JSON(parsing: text).object else {
            return []
        }
        return json.map { key, value in
            let hex = Array(value["hex"]?.string?.utf8 ?? "".utf8)
            let bytes = stride(from: 0, to: hex.count, by: 2).map { UInt8(String(decoding: hex[$0...$0 + 1], as: UTF8.self), radix: 16)! }
            return Expected(
                key: key, dtype: value["dtype"]!.string!, shape: value["shape"]!.array!.map { $0.integer! }, bytes: bytes,
                isRewritten: value["rewritten"]!.bool!)
        }
    }()

    static let arrays = all.filter { !$0.key.contains(":") }
    static let members = all.filter { $0.key.contains(":") }

    var file: String { String(key.split(separator: ":")[0]) }
    var member: String { String(key.split(separator: ":")[1]) }
}

extension Tensor {
    /// The elements' bytes in row-major order.
    func packedBytes() throws -> [UInt8] { try contiguous().withUnsafeBytes { Array($0) } }
}

/// Runs `body` with a folder of its own, gone afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "numpy-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}
