import Foundation
import Storage
import Tensors
import Testing

@Suite struct ZipArchiveTests {
    /// An archive of these members, as written to a file.
    func archive(_ members: [(String, [UInt8])], sizes: ZipWriter.Sizes = .plain) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try withFolder { folder in
            let path = folder.appending(path: "a.zip").path
            try AtomicFile.write(path) { sink in
                var writer = ZipWriter(sink, sizes: sizes)
                for (name, content) in members { try writer.add(name, [.copy(of: content)]) }
                try writer.finish()
            }
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        }
        return bytes
    }

    func open(_ bytes: [UInt8], limits: StorageLimits = .standard) throws -> ZipArchive {
        try ZipArchive(.copy(of: bytes), name: "a.zip", limits: limits)
    }

    /// The same bytes with those at `offset` replaced.
    func patched(_ bytes: [UInt8], at offset: Int, _ new: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
        return bytes
    }

    /// Where the first of these signatures is.
    func find(_ signature: [UInt8], in bytes: [UInt8]) throws -> Int {
        try #require((0...bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == signature })
    }

    @Test(arguments: [ZipWriter.Sizes.plain, .wide]) func writesWhatItReads(sizes: ZipWriter.Sizes) throws {
        let members: [(String, [UInt8])] = [("metadata.json", Array("{}".utf8)), ("é/empty", []), ("b", Array(0...255))]
        let archive = try open(archive(members, sizes: sizes))
        #expect(archive.members.map(\.name) == members.map(\.0))
        for (name, content) in members {
            let member = try #require(archive.member(named: name))
            #expect(member.count == content.count && member.method == .stored)
            #expect(try archive.contents(of: member).withUnsafeBytes { Array($0) } == content)
            try archive.verify(member)
        }
        #expect(archive.member(named: "metadata") == nil)
    }

    @Test func manyMembersNeedWideRecords() throws {
        var limits = StorageLimits()
        limits.members = 100_000
        let bytes = try archive((0..<66_000).map { ("\($0)", []) })
        #expect(try open(bytes, limits: limits).members.count == 66_000)
        #expect(throws: KerasError.self) { try open(bytes) }
        #expect(throws: KerasError.self) { try open(patched(bytes, at: bytes.count - 12, [1, 0]), limits: limits) }
    }

    @Test func emptyArchives() throws {
        #expect(try open(archive([])).members.isEmpty)
        #expect(try ZipArchive.sniff(.copy(of: archive([]))) && ZipArchive.sniff(.copy(of: archive([("a", [])]))))
        #expect(try !ZipArchive.sniff(Buffer(count: 0)))
        #expect(throws: KerasError.self) { try open([]) }
        #expect(throws: KerasError.self) { try open([UInt8](repeating: 0x50, count: 70_000)) }
    }

    @Test func theDirectoryAndTheHeadersMustAgree() throws {
        let bytes = try archive([("a", [1, 2, 3]), ("b", [4])])
        let central = try find([0x50, 0x4B, 1, 2], in: bytes)
        let end = bytes.count - 22
        // What is changed, and where.
        let patches: [(String, Int, [UInt8])] = [
            ("local signature", 0, [0]), ("local flags", 6, [1]), ("local method", 8, [8]), ("local checksum", 14, [0xAA, 0xBB]),
            ("local size", 18, [9]), ("local name", 30, [0x7A]), ("local name length", 26, [0]), ("central signature", central, [0]),
            ("central size", central + 20, [9]), ("central name length", central + 28, [0xFF]), ("central disk", central + 34, [1]),
            ("central offset", central + 42, [1]), ("central name", central + 46, [0]), ("count", end + 10, [3]), ("disk", end + 4, [1]),
            ("directory size", end + 12, [1]), ("directory offset", end + 16, [1]), ("comment length", end + 20, [1]),
            ("one name twice", central + 46 + 47, [0x61]),
        ]
        for (name, offset, new) in patches {
            #expect(throws: KerasError.self, "\(name)") { try open(patched(bytes, at: offset, new)) }
        }
        for count in 0..<bytes.count { #expect(throws: KerasError.self) { try open(Array(bytes[..<count])) } }
        #expect(throws: KerasError.self) { try open(bytes + [0]) }
    }

    @Test func overlapsAreRefused() throws {
        // Two entries for one member: the second's offset becomes the first's, and both headers' names the same length.
        let bytes = try archive([("a", [1, 2, 3]), ("b", [4])])
        let central = try find([0x50, 0x4B, 1, 2], in: bytes)
        let entry = Array(bytes[central..<central + 47])
        #expect(throws: KerasError.self) { try open(patched(bytes, at: central + 47, entry)) }
    }

    @Test func encryptedAndUnknownMembersAreListed() throws {
        var bytes = try archive([("a", [1, 2, 3])])
        let central = try find([0x50, 0x4B, 1, 2], in: bytes)
        let encrypted = try open(patched(patched(bytes, at: 6, [1]), at: central + 8, [1]))
        #expect(try #require(throws: KerasError.self) { try encrypted.contents(of: encrypted.members[0]) }.problems[0].kind == .unsupported)
        bytes = patched(patched(bytes, at: 8, [12]), at: central + 10, [12])
        let squeezed = try open(bytes)
        let error = try #require(throws: KerasError.self) { try squeezed.contents(of: squeezed.members[0]) }
        #expect(error.problems[0].kind == .unsupported && error.problems[0].place.object == "a" && error.problems[0].place.file == "a.zip")
    }

    @Test func namesAreChecked() throws {
        for names in [["a", "a"], [""], ["a\0b"], [String(repeating: "n", count: 70_000)]] {
            #expect(throws: KerasError.self) { try archive(names.map { ($0, []) }) }
        }
    }
}
