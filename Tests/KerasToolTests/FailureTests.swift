import Foundation
import NumPy
import Tensors
import Testing

/// What the commands do when something is wrong: the status, one sentence that says what and where, and nothing written.
@Suite struct FailureTests {
    private let folder: Folder
    private let sound = Command.fixture("broken/sound.h5")
    private let input: String

    init() throws {
        folder = try Folder()
        input = folder.path("x.npy")
        try NPY.save(try Tensor([Float](repeating: 1, count: 3), shape: [1, 3]), to: input)
    }

    /// Predicting must fail with this status and these words in each line, and leave what stands at the output as it was.
    private func expectRefused(
        _ model: String, _ input: String? = nil, status: Int32, _ words: [String]..., location: SourceLocation = #_sourceLocation
    ) throws {
        let output = try folder.file("old.npy", "as it was".utf8)
        let before = folder.names.sorted()
        let run = try Command("predict", model, input ?? self.input, "-o", output)
        #expect(run.status == status, sourceLocation: location)
        #expect(run.output.isEmpty, sourceLocation: location)
        #expect(run.complaints.count == words.count, sourceLocation: location)
        for (line, words) in zip(run.complaints, words) {
            #expect(line.hasPrefix("keras: "), sourceLocation: location)
            for word in words { #expect(line.contains(word), sourceLocation: location) }
        }
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "as it was", sourceLocation: location)
        #expect(folder.names.sorted() == before, sourceLocation: location)
    }

    @Test func noSuchFile() throws {
        try expectRefused("/no/such/model.h5", status: 66, ["/no/such/model.h5", "no such file"])
        try expectRefused(sound, "/no/such/x.npy", status: 66, ["/no/such/x.npy", "no such file"])
        try expectRefused(folder.path(""), status: 66, ["directory"])
    }

    @Test func notAModel() throws {
        try expectRefused(try folder.file("empty.h5", []), status: 65, ["empty.h5", "empty file", "expected"])
        let page = "<!DOCTYPE html>\n<html><body>Not found</body></html>"
        try expectRefused(try folder.file("page.h5", page.utf8), status: 65, ["page.h5", "HTML", "expected"])
        let whole = try Data(contentsOf: URL(filePath: Command.fixture("mnist_cnn_k315.h5")))
        try expectRefused(try folder.file("cut.h5", whole.prefix(100_000)), status: 65, ["cut.h5", "100000", "408952"])
        try expectRefused(input, status: 65, ["x.npy", "numpy array", "expected"])
        // What libhdf5 has to say to this comes to us, not to the terminal.
        var spoilt = whole
        spoilt.replaceSubrange(96..<300, with: repeatElement(0xEE, count: 204))
        try expectRefused(try folder.file("spoilt.h5", spoilt), status: 65, ["spoilt.h5"])
    }

    @Test func brokenModels() throws {
        func broken(_ name: String) -> String { Command.fixture("broken/\(name).h5") }
        try expectRefused(
            broken("missing_weight"), status: 65, ["missing_weight.h5", "'second'", "found 1", "expected 2: kernel, bias"])
        try expectRefused(broken("wrong_shape"), status: 65, ["wrong_shape.h5", "'second'", "found (3, 5), expected (3, 2)"])
        try expectRefused(broken("cycle"), status: 65, ["cycle.h5", "cycle", "'first', 'second'"])
        try expectRefused(broken("not_a_number"), status: 65, ["not_a_number.h5", "'first'", "'units'", "found NaN, expected an integer"])
        try expectRefused(broken("torn_config"), status: 65, ["torn_config.h5", "@model_config", "byte 200"])
        // Valid files that this version does not run are another matter, and all that is missing is told at once.
        try expectRefused(
            broken("unknown_layer"), status: 69, ["unknown_layer.h5", "'first'", "'Enigma'"], ["unknown_layer.h5", "'second'", "'mystery'"])
    }

    /// Initial weights are nobody's predictions.
    @Test func architectureWithoutWeights() throws {
        try expectRefused(
            Command.fixture("summaries/mnist_cnn.tfk221.json"), status: 64, ["mnist_cnn.tfk221.json", "without weights", "--weights"])
    }

    @Test func dataThatDoesNotFit() throws {
        let wide = folder.path("wide.npy")
        try NPY.save(try Tensor([Float](repeating: 1, count: 8), shape: [2, 4]), to: wide)
        try expectRefused(sound, wide, status: 65, ["wide.npy", "'start'", "found (2, 4), expected (None, 3)"])
        let bytes = try Data(contentsOf: URL(filePath: wide))
        try expectRefused(sound, try folder.file("cut.npy", bytes.dropLast(9)), status: 65, ["cut.npy", "found 23 bytes", "expected 32"])
        try expectRefused(sound, try folder.file("empty.npy", []), status: 65, ["empty.npy", "empty"])
        let pickle = Command.fixture("numpy/pickled.objects.npy")
        try expectRefused(sound, pickle, status: 65, ["pickled.objects.npy", "descr", "--allow-pickle"])
        let archive = Command.fixture("mnist_test.npz")
        try expectRefused(sound, archive + ":nothing", status: 65, ["mnist_test.npz", "found 'nothing'", "'x_test', 'y_test'"])
    }

    @Test func outputsThatCannotBe() throws {
        for (output, status, word) in [
            (folder.path("missing/y.npy"), Int32(73), "folder"), (folder.path("y.txt"), 64, ".npy or .npz"),
            (Command.fixture("mnist_test.npz/y.npy"), 73, "folder"),
        ] {
            let run = try Command("predict", sound, input, "-o", output)
            #expect(run.status == status)
            #expect(run.complaints.count == 1)
            #expect(run.complaints.first?.contains(word) == true)
        }
        let directory = folder.path("directory.npy")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let run = try Command("predict", sound, input, "-o", directory)
        #expect(run.status == 73)
        #expect(run.complaints.first?.contains("directory") == true)
    }

    /// Root may read and write what nobody may.
    @Test(.enabled(if: getuid() != 0)) func filesWithoutPermission() throws {
        let hidden = try folder.file("hidden.h5", [1, 2, 3])
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: hidden)
        try expectRefused(hidden, status: 66, ["hidden.h5", "may not be read"])
    }

    #if os(Linux)
    @Test func fullDisk() throws {
        let run = try Command("summary", sound, output: "/dev/full")
        #expect(run.status == 74)
        #expect(run.complaints == ["keras: standard output cannot be written (No space left on device)"])
    }
    #endif

    /// Names come from files: they must not steer the terminal.
    @Test func controlCharactersAreSpelledOut() throws {
        let run = try Command("summary", "/no/\u{1B}[31msuch\nfile")
        #expect(run.complaints == ["keras: /no/\\u{1b}[31msuch\\u{a}file: there is no such file (No such file or directory)"])
    }
}
