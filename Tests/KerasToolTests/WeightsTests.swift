import JSON
import Testing

@testable import KerasTool

@Suite struct WeightsTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func fixture(_ name: String) -> String { Command.fixture("keras_files/" + name) }

    /// The names come from the file, or from the model where the file has none.
    @Test func everyWeightIsListed() throws {
        for (file, path, name) in [
            ("keras_files/branches.k315.keras", "/layers/sequential/layers/dense_1/vars/0", "kernel"),
            ("keras_files/branches.tfk221.keras", "/layers/sequential/layers/dense_1/vars/0", "kernel"),
            ("keras_files/branches.k315.weights.h5", "/layers/sequential/layers/dense_1/vars/0", nil),
            ("generations/k224_seq.h5", "/model_weights/dense_1/dense_1/kernel:0", "dense_1/kernel:0"),
        ] {
            let run = try Command("weights", Command.fixture(file), "--json")
            #expect(run.status == 0 && run.complaints.isEmpty)
            let list = try #require(try JSON(parsing: run.output)["weights"]?.array)
            let entry = try #require(list.first { $0["path"]?.string == path }, "\(file)")
            #expect(entry["name"]?.string == name && entry["dtype"] == "float32")
            #expect(!list.contains { $0["path"]?.string?.contains("optimizer") ?? true })
        }
        let table = try Command("weights", fixture("branches.k315.keras")).output
        #expect(table.contains("25 weights, 193 numbers, 772 B") && table.contains("moving_variance"))
    }

    @Test func weightsGoFromOneFileIntoAnother() throws {
        let out = folder.path("out.keras")
        let run = try Command(
            "weights", fixture("branches.tfk221.keras"), "--from", fixture("branches.k315.weights.h5"), "--by-name", "-o", out, "--json")
        #expect(run.status == 0)
        let report = try JSON(parsing: run.output)
        #expect(report["taken"] == ["shared", "inner", "third", "norm", "other", "frozen", "end", "side"] && report["missing"] == [])
        let difference = try Command("diff", out, fixture("branches.k315.keras"), "--json")
        #expect(!difference.output.contains("kernel"))

        let none = try Command(
            "weights", fixture("branches.k315.keras"), "--from", Command.fixture("generations/k224_seq.h5"), "--by-name", "-o", out)
        #expect(none.status == 65 && none.complaints.joined().contains("no layer of the file has the name"))
        #expect(try Command("weights", fixture("branches.k315.keras"), "--by-name").status == 64)
    }
}
