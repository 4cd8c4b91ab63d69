import Foundation
import Storage
import Tensors
import Testing

@Suite struct AtomicFileTests {
    struct Interruption: Error {}

    func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
    func write(_ text: String, _ url: URL) throws { try AtomicFile.write(url.path) { try $0.write(Array(text.utf8)) } }
    func listing(_ folder: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

    func kind(_ path: String) throws -> Problem.Kind {
        try #require(throws: KerasError.self) { try AtomicFile.write(path) { try $0.write([1]) } }.problems[0].kind
    }

    @Test func createsAndReplaces() throws {
        try withFolder { folder in
            let file = folder.appending(path: "file")
            try write("old", file)
            #expect(try text(file) == "old")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
            try write("new", file)
            #expect(try text(file) == "new")
            #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o640)
            #expect(try listing(folder) == ["file"])
        }
    }

    @Test func aFailureLeavesTheOldFile() throws {
        try withFolder { folder in
            let file = folder.appending(path: "file")
            try write("old", file)
            #expect(throws: Interruption.self) {
                try AtomicFile.write(file.path) { sink in
                    try sink.write([1, 2, 3])
                    throw Interruption()
                }
            }
            #expect(try text(file) == "old")
            #expect(try listing(folder) == ["file"])
        }
    }

    @Test func followsLinks() throws {
        try withFolder { folder in
            let link = folder.appending(path: "link")
            let inner = folder.appending(path: "inner")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "inner/file")
            for content in ["through a dangling link", "through one to a file"] {
                try write(content, link)
                #expect(try text(inner.appending(path: "file")) == content)
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "inner/file")
            }
            try FileManager.default.createSymbolicLink(atPath: folder.appending(path: "loop").path, withDestinationPath: "loop")
            #expect(try kind(folder.appending(path: "loop").path) == .cannotCreate)
        }
    }

    @Test func refusesWhatIsNoPlaceForAFile() throws {
        try withFolder { folder in
            let folders = [folder.path, folder.path + "/", folder.path + "/new/", folder.path + "/gone/file"]
            for path in ["", "a\0b", "/dev/null", "/dev/full"] + folders {
                #expect(try kind(path) == .cannotCreate, "\(path)")
            }
            try write("file", folder.appending(path: "file"))
            #expect(try kind(folder.path + "/file/file") == .cannotCreate)
            #expect(try kind(folder.path + "/" + String(repeating: "n", count: 300)) == .cannotCreate)
            try write("long", folder.appending(path: String(repeating: "é", count: 120)))
            #expect(try listing(folder).count == 2)
        }
    }

    @Test func removesWhatAnInterruptedProcessLeft() throws {
        try withFolder { folder in
            // No process has this number: Linux ends at 2^22.
            let stale = ".file.2000000000.abc.tmp"
            let others = [".file.\(ProcessInfo.processInfo.processIdentifier).abc.tmp", ".other.2000000000.abc.tmp"]
            for name in others + [stale] { try Data().write(to: folder.appending(path: name)) }
            try write("new", folder.appending(path: "file"))
            #expect(try listing(folder) == others + ["file"])
        }
    }

    @Test func countsItsBytes() throws {
        try withFolder { folder in
            try AtomicFile.write(folder.appending(path: "file").path) { sink in
                try sink.write([1, 2])
                try sink.write(Buffer.copy(of: [3]))
                #expect(sink.position == 3)
            }
            #expect(try Data(contentsOf: folder.appending(path: "file")) == Data([1, 2, 3]))
        }
    }
}
