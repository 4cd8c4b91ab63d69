import Keras
import Storage

#if canImport(Glibc)
@preconcurrency private import Glibc
#elseif canImport(Musl)
@preconcurrency private import Musl
#else
@preconcurrency private import Darwin
#endif

/// Another engine that runs the same model in a process of its own: `peer.py`, which the command carries in its binary.
final class Peer {
    /// The engines `peer.py` knows.
    enum Engine: String, CaseIterable {
        case onnxruntime, openvino, tensorflow, torch

        /// What its Python needs, by the names pip knows.
        fileprivate var packages: String {
            switch self {
            case .onnxruntime: "onnxruntime, onnx, keras and tensorflow"
            case .openvino: "openvino, onnx, keras and tensorflow"
            case .tensorflow: "tensorflow and keras"
            case .torch: "torch, onnx, keras and tensorflow"
            }
        }
    }

    let engine: Engine
    /// Which of the engine's settings was quickest, and its version.
    private(set) var setting = ""
    private(set) var version = ""
    private let python: String
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// Starts the engine and opens the model in it.
    ///
    /// - Throws: `unsupported` if there is no such Python, it lacks a package, or the engine cannot run the model.
    init(_ engine: Engine, model: String, batch: Int, threads: Int, python: String) throws {
        (self.engine, self.python) = (engine, python)
        guard access(python, X_OK) == 0 else {
            throw KerasError(
                .unsupported, "there is no Python to run \(engine.rawValue) with", at: Place(file: python),
                expected: "--python and one that has \(engine.packages), such as `make bench` installs")
        }
        folder = try TemporaryFolder()
        try folder.write("peer.py", PackageResources.peer_py)
        try folder.write("twin.py", PackageResources.twin_py)
        let file = try Peer.file(of: model, for: engine, python, folder)
        process = try ChildProcess([python, folder.path("peer.py"), engine.rawValue, "\(threads)"], errors: folder.path("errors"))
        let ready = try ask("open \(batch) \(file)")
        (setting, version) = (ready["setting"]?.string ?? "", ready["version"]?.string ?? "")
    }

    /// TensorFlow reads Keras's file itself; for the others it is translated.
    private static func file(of model: String, for engine: Engine, _ python: String, _ folder: TemporaryFolder) throws -> String {
        if engine == .tensorflow { return model }
        let translation = try ChildProcess(
            [python, folder.path("twin.py"), model, folder.path("twin.onnx")], errors: folder.path("errors"))
        guard translation.end() == 0 else { throw refusal(engine, python, folder.lastLine(of: "errors")) }
        return folder.path("twin.onnx")
    }

    private static func refusal(_ engine: Engine, _ python: String, _ cause: String) -> KerasError {
        KerasError(
            .unsupported, "\(engine.rawValue) cannot run this model here", at: Place(file: python),
            expected: "a Python that has \(engine.packages)", cause: cause)
    }

    /// Seconds of one call, measured over `seconds`.
    func run(seconds: Double) throws -> Double {
        guard let found = try ask("run \(seconds)")["seconds"]?.number else { throw Peer.refusal(engine, python, "it told no time") }
        return found
    }

    /// What the model gives there for a batch of the size it was opened for.
    func predict(_ input: Tensor) throws -> Tensor {
        try NPY.save(input, to: folder.path("in.npy"))
        _ = try ask("predict \(folder.path("in.npy")) \(folder.path("out.npy"))")
        let output = try NPY.load(folder.path("out.npy"))
        // The twin's images have their channels first.
        return engine != .tensorflow && output.rank == 4 ? output.transposed([0, 2, 3, 1]) : output
    }

    private func ask(_ line: String) throws -> JSON {
        guard let text = try? process.ask(line) else { throw Peer.refusal(engine, python, folder.lastLine(of: "errors")) }
        let answer = try JSON(parsing: text)
        if let error = answer["error"]?.string { throw Peer.refusal(engine, python, error) }
        return answer
    }
}

/// A program with a pipe to its standard input and one from its standard output.
private final class ChildProcess {
    private let pid: pid_t
    private let toChild: Int32
    private let fromChild: Int32
    private var received: [UInt8] = []
    private var isEnded = false

    /// - Throws: an `io` problem if it cannot be started.
    init(_ words: [String], errors: String) throws {
        // A child that is gone must not end this process when it is written to.
        signal(SIGPIPE, SIG_IGN)
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard pipe(&input) == 0, pipe(&output) == 0 else {
            throw KerasError(.io, "no pipe could be made", cause: systemMessage(errno))
        }
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        #else
        var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var started = pid_t()
        let status = posix_spawn(&started, words[0], &actions, nil, arguments, environ)
        close(input[0])
        close(output[1])
        (pid, toChild, fromChild) = (started, input[1], output[0])
        guard status == 0 else {
            isEnded = true
            throw KerasError(.io, "a program could not be started", at: Place(file: words[0]), cause: systemMessage(status))
        }
    }

    deinit {
        close(fromChild)
        if !isEnded { kill(pid, SIGKILL) }
        _ = end()
    }

    /// Closes its standard input and waits for it.
    ///
    /// - Returns: its exit status; a signal's number, negated.
    func end() -> Int32 {
        guard !isEnded else { return 0 }
        isEnded = true
        close(toChild)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// Writes a line and waits for one.
    ///
    /// - Throws: an `io` problem if the program is gone.
    func ask(_ line: String) throws -> String {
        try FileSink(descriptor: toChild).write(Array((line + "\n").utf8))
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            var block = [UInt8](repeating: 0, count: 4096)
            let count = block.withUnsafeMutableBytes { read(fromChild, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw KerasError(.io, "a program ended before it answered") }
            received += block[..<count]
        }
    }
}

/// A folder that goes with the object.
private final class TemporaryFolder {
    private let root: String
    private let names = ["peer.py", "twin.py", "twin.onnx", "in.npy", "out.npy", "errors"]

    /// - Throws: `cannotCreate` if there is no place for it.
    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/keras-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw KerasError(.cannotCreate, "no temporary folder can be made", at: Place(file: parent), cause: systemMessage(errno))
        }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink(path(name)) }
        rmdir(root)
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func write(_ name: String, _ bytes: [UInt8]) throws { try AtomicFile.write(path(name)) { try $0.write(bytes) } }

    /// The last line that says something.
    func lastLine(of name: String) -> String {
        guard let bytes = try? Files.read(path(name)).withUnsafeBytes({ Array($0) }) else { return "" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.last { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? ""
    }
}
