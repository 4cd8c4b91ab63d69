import Foundation
import JSON
import Testing

/// `keras bench --against`, with scripts in place of a Python.
@Suite struct RaceTests {
    private let folder: Folder
    private let sound = Command.fixture("broken/sound.h5")

    init() throws { folder = try Folder() }

    /// What stands in the way of another engine is said in one sentence, before anything is measured.
    @Test func enginesThatCannotBeRaced() throws {
        let none = try Command("bench", sound, "--against", "onnxruntime", "--python", folder.path("python"))
        #expect(none.status == 69 && none.output.isEmpty)
        #expect(none.complaints.count == 1 && none.complaints[0].contains(folder.path("python")))
        // A Python of sorts, which lacks everything: it says so as Python does, and fails.
        let script = "#!/bin/sh\necho 'Traceback' >&2\necho \"ModuleNotFoundError: No module named 'onnx'\" >&2\nexit 1\n"
        let bare = try folder.file("bare", script.utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: bare)
        for engine in ["onnxruntime", "openvino", "tensorflow", "torch"] {
            let lacking = try Command("bench", sound, "--against", engine, "--python", bare)
            #expect(lacking.status == 69 && lacking.output.isEmpty)
            #expect(lacking.complaints.count == 1)
            #expect(lacking.complaints.first?.contains("\(engine) cannot run this model here") == true)
            #expect(lacking.complaints.first?.contains("No module named 'onnx'") == true)
        }
        #expect(try Command("bench", sound, "--against", "abacus").status == 64)
        let branches = try Command("bench", Command.fixture("summaries/branches.k315.h5"), "--against", "torch", "--python", bare)
        #expect(branches.status == 69 && branches.complaints.first?.contains("one input") == true)
    }

    /// An engine that answers: its turns are in the report, and an answer that is an error ends the command.
    @Test func enginesThatAnswer() throws {
        func engine(_ name: String, _ answers: String) throws -> String {
            let loop =
                "while read word rest; do case $word in open) echo '{\"ready\": true, \"setting\": \"s\", \"version\": \"1\"}';; \(answers) esac; done"
            let path = try folder.file(name, "#!/bin/sh\n\(loop)\n".utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            return path
        }
        let refuses = try engine("refuses", "predict) echo '{\"error\": \"out of beads\"}';;")
        let refused = try Command("bench", sound, "--against", "tensorflow", "--python", refuses)
        #expect(refused.status == 69 && refused.complaints.first?.contains("out of beads") == true)
        let silent = try engine("silent", "predict) exit 3;;")
        #expect(try Command("bench", sound, "--against", "tensorflow", "--python", silent).status == 69)
        // It gives back what it was given, which is no output of this model.
        let echo = try engine("echo", "predict) set -- $rest; cp $1 $2; echo '{}';;")
        let mistaken = try Command("bench", sound, "--against", "tensorflow", "--python", echo)
        #expect(mistaken.status == 65 && mistaken.complaints.first?.contains("another size") == true)
        // Outputs made by this command stand in for another engine's.
        let own = try engine(
            "own", "predict) set -- $rest; '\(Command.path)' predict '\(sound)' $1 -o $2; echo '{}';; run) echo '{\"seconds\": 2.5}';;")
        let race = try Command("bench", sound, "--against", "tensorflow", "--python", own, "--json")
        #expect(race.status == 0, "\(race.complaints)")
        let result = try #require(try JSON(parsing: race.output)["against"]?[0])
        #expect(result["peer"]?.string == "tensorflow 1" && result["setting"]?.string == "s")
        #expect(result["seconds"]?.array?.count == 5 && result["largest_difference"]?.number == 0)
        #expect(try #require(result["times_as_fast"]?.number) > 10)
    }
}
