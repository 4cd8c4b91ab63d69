import Foundation

/// The package's own folder, found from this file's place in it.
let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
/// Files of other people, beside the package on a machine that has them.
let corpus = package.deletingLastPathComponent().appending(path: "shared/corpus")

func fixture(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: package.appending(path: "Fixtures/json").appending(path: name)))
}

/// Every file under the corpus whose name has this ending; none where there is no corpus.
func corpusFiles(_ ending: String) -> [URL] {
    let files = FileManager.default.enumerator(at: corpus, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return files.filter { $0.pathExtension == ending }.sorted { $0.path < $1.path }
}
