import Foundation

/// The built command, run as a user runs it.
struct Command {
    let status: Int32
    let output: String
    /// The lines on standard error.
    let complaints: [String]

    static let fixtures = URL(filePath: #filePath).appending(path: "../../../Fixtures").standardizedFileURL

    static func fixture(_ path: String) -> String { fixtures.appending(path: path).path }

    /// Beside the bundle of the tests.
    private static let binary: URL = {
        #if os(macOS)
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        return (bundle?.bundleURL ?? Bundle.main.bundleURL).deletingLastPathComponent().appending(path: "keras")
        #else
        return URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "keras")
        #endif
    }()

    /// Where the command is.
    static var path: String { binary.path }

    /// - Parameter output: where standard output goes; nil keeps it.
    init(_ arguments: String..., output target: String? = nil) throws { try self.init(arguments, output: target) }

    init(_ arguments: [String], output target: String? = nil) throws {
        let process = Process()
        process.executableURL = Command.binary
        process.arguments = arguments
        process.environment = ["COLUMNS": "80"]
        let folder = try Folder()
        let error = folder.path("stderr")
        let output = target ?? folder.path("stdout")
        for path in [error] + (target == nil ? [output] : []) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: error))
        try process.run()
        process.waitUntilExit()
        status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        self.output = target == nil ? try String(contentsOfFile: output, encoding: .utf8) : ""
        complaints = try String(contentsOfFile: error, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

/// A folder for one test, gone with it.
final class Folder {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] }

    /// A file of these bytes.
    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(filePath: path(name)))
        return path(name)
    }
}
