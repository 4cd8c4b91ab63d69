import Foundation
import NumPy
import Testing

@testable import KerasTool

/// `keras convert` between numpy's files.
@Suite struct ArrayConversionTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func copiesAreNumpys() throws {
        let array = Command.fixture("numpy/structure.nested.npy")
        #expect(try Command("convert", array, folder.path("a.npz")).status == 0)
        #expect(try NPZ(path: folder.path("a.npz")).names == ["arr_0"])
        #expect(try Command("convert", folder.path("a.npz"), folder.path("b.npy")).status == 0)
        #expect(try NPY.load(folder.path("b.npy")).dtype == NPY.load(array).dtype)
        let stored = Command.fixture("numpy/stored.npz")
        #expect(try Command("convert", stored, folder.path("c.npz")).status == 0)
        #expect(try Data(contentsOf: URL(filePath: folder.path("c.npz"))) == Data(contentsOf: URL(filePath: stored)))
        #expect(try Command("convert", stored, folder.path("d.npz"), "--compress").status == 0)
        #expect(try NPZ(path: folder.path("d.npz")).names == NPZ(path: stored).names)
        let refused = try Command("convert", stored, folder.path("e.npy"))
        #expect(refused.status == 64 && refused.complaints.joined().contains("6 arrays"))
        #expect(try Command("convert", Command.fixture("numpy/pickled.objects.npy"), folder.path("e.npy")).status == 65)
        #expect(!folder.names.contains("e.npy"))
    }

    /// The command maps what it reads; one who shortens the file meanwhile ends it, in an orderly way.
    @Test func aFileThatShrinksIsAnError() throws {
        let path = folder.path("large.npy")
        let header = [UInt8](try NPY.encode(Tensor(zeros: [0, 1 << 20], dtype: .uint8)))
        // A gigabyte of zeros that the disk does not have: as many digits fewer of blanks as the length has more.
        let text = String(decoding: header[10...], as: UTF8.self).replacingOccurrences(of: "(0, 1048576), }   ", with: "(1024, 1048576), }")
        try Data(header[..<10] + Array(text.utf8)).write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(header.count) + (1 << 30))
        let process = Process()
        process.executableURL = URL(filePath: Command.path)
        process.arguments = ["convert", path, folder.path("large.npz"), "--compress"]
        process.standardError = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        // Once there is something beside it, the file is being read.
        while process.isRunning && folder.names.count < 2 { usleep(1000) }
        try file.truncate(atOffset: 4096)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 74)
        #expect(!folder.names.contains("large.npz"))
    }
}
