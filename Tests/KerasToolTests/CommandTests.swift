import Foundation
import JSON
import NumPy
import Tensors
import Testing

@testable import KerasTool

/// What the commands do when all is well.
@Suite struct CommandTests {
    private let demo = Command.fixture("mnist_cnn_k315.h5")
    private let data = Command.fixture("mnist_test.npz")
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Float {
        try #require(a.shape == b.shape)
        return try zip(a.scalars(as: Float.self), b.scalars(as: Float.self)).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    }

    @Test func predictsWhatKerasPredicts() throws {
        let golden = try NPZ(path: Command.fixture("mnist_cnn_k315.golden.npz")).tensor(named: "predictions")
        try NPY.save(try NPZ(path: data).tensor(named: "x_test")[0..<64], to: folder.path("x.npy"))
        let run = try Command("predict", demo, folder.path("x.npy"), "-o", folder.path("y.npy"))
        #expect(run.status == 0)
        #expect(run.complaints.isEmpty && run.output.isEmpty)
        let found = try NPY.load(folder.path("y.npy"))
        #expect(found.dtype == .float32)
        #expect(try distance(found, golden) <= 1e-5)
    }

    @Test func sameBitsForEveryNumberOfThreads() throws {
        for threads in ["1", "2", "3"] {
            #expect(try Command("predict", demo, data + ":x_test", "-o", folder.path("\(threads).npy"), "--threads", threads).status == 0)
        }
        let one = try Data(contentsOf: URL(filePath: folder.path("1.npy")))
        #expect(try Data(contentsOf: URL(filePath: folder.path("2.npy"))) == one)
        #expect(try Data(contentsOf: URL(filePath: folder.path("3.npy"))) == one)
    }

    @Test func convolutionsCanBeDirect() throws {
        for how in ["automatic", "direct"] {
            let run = try Command("predict", demo, data + ":x_test", "-o", folder.path("\(how).npy"), "--convolutions", how)
            #expect(run.status == 0 && run.complaints.isEmpty)
        }
        let (automatic, direct) = (try NPY.load(folder.path("automatic.npy")), try NPY.load(folder.path("direct.npy")))
        #expect(try distance(automatic, direct) <= 1e-5)
        let refused = try Command("predict", demo, data + ":x_test", "-o", folder.path("y.npy"), "--convolutions", "winograd")
        #expect(refused.status == 64)
        #expect(refused.complaints.joined().contains("direct"))
    }

    /// Several inputs by name or by position; several outputs by name, in the model's order.
    @Test func severalInputsAndOutputs() throws {
        let model = Command.fixture("summaries/branches.k315.h5")
        let left = try Tensor((0..<12).map { Float($0) / 12 }, shape: [2, 6])
        let right = try Tensor((0..<12).map { Float($0) / 7 }, shape: [2, 6])
        try NPZ.save([("the_other_input_with_a_long_name", right), ("left", left)], to: folder.path("named.npz"))
        try NPZ.save([("arr_0", left), ("arr_1", right)], to: folder.path("placed.npz"))
        #expect(try Command("predict", model, folder.path("named.npz"), "-o", folder.path("a.npz")).status == 0)
        #expect(try Command("predict", model, folder.path("placed.npz"), "-o", folder.path("b.npz")).status == 0)
        let (a, b) = (try NPZ(path: folder.path("a.npz")), try NPZ(path: folder.path("b.npz")))
        #expect(a.names == ["classes", "score"])
        for name in a.names { #expect(try distance(a.tensor(named: name), b.tensor(named: name)) == 0) }
        let refused = try Command("predict", model, folder.path("named.npz"), "-o", folder.path("c.npy"))
        #expect(refused.status == 64)
        #expect(refused.complaints.first?.contains("2 outputs") == true)
    }

    @Test func inputsAnArchiveMayHold() throws {
        let model = Command.fixture("broken/sound.h5")
        let x = try Tensor([Float](repeating: 1, count: 3), shape: [1, 3])
        try NPZ.save([("whatever", x)], to: folder.path("only.npz"))
        try NPZ.save([("start", x), ("y", x)], to: folder.path("named.npz"))
        try NPZ.save([("a", x), ("b", x)], to: folder.path("unclear.npz"))
        #expect(try Command("predict", model, folder.path("only.npz"), "-o", "-").status == 0)
        #expect(try Command("predict", model, folder.path("named.npz"), "-o", "-").status == 0)
        #expect(try Command("predict", model, folder.path("unclear.npz") + ":b", "-o", "-").status == 0)
        let unclear = try Command("predict", model, folder.path("unclear.npz"), "-o", "-")
        #expect(unclear.status == 65)
        #expect(unclear.complaints.first?.contains("found 'a', 'b', expected 'start'") == true)
    }

    /// Python's names of inputs that were given none: the tensors' before saving, the layers' in the file.
    @Test func inputsWithoutNames() throws {
        func arrays(_ names: [String], in members: [String]) throws -> [Double] {
            let path = folder.path("unnamed.npz")
            try NPZ.save(members.enumerated().map { ($1, try Tensor([Double($0)])) }, to: path)
            return try DataFile(path).arrays(for: names, what: "input").map { try $0.scalars()[0] }
        }
        #expect(try arrays(["input_layer", "x", "input_layer_10"], in: ["keras_tensor_12", "x", "keras_tensor_3"]) == [2, 1, 0])
        #expect(try arrays(["input_layer_1", "input_layer"], in: ["keras_tensor", "keras_tensor_1", "input_layer_7"]) == [1, 0])
        #expect(throws: KerasError.self) { try arrays(["input_layer", "other"], in: ["keras_tensor", "keras_tensor_1"]) }
    }

    @Test func predictsATable() throws {
        let x = try Tensor([Float](repeating: 1, count: 3), shape: [1, 3])
        try NPY.save(x, to: folder.path("x.npy"))
        let run = try Command("predict", Command.fixture("broken/sound.h5"), folder.path("x.npy"), "-o", "-")
        #expect(
            run.output == """
                second  (1, 2)  float32
                row  largest       0       1
                ───  ───────  ──────  ──────
                  0        0  0.9653  0.0347

                """)
    }

    @Test func evaluatesAsKerasDoes() throws {
        let text = try Command("evaluate", demo, data)
        #expect(text.output == "loss: 0.0338 - accuracy: 0.9912\n")
        #expect(text.status == 0 && text.complaints.isEmpty)
        let scores = try JSON(parsing: try Command("evaluate", demo, data, "--json").output)
        #expect(try abs(#require(scores["loss"]?.number) - 0.0337824756) < 1e-5)
        #expect(scores["accuracy"]?.number == 0.9912)
    }

    @Test func evaluatesWhatItIsTold() throws {
        let x = try Tensor([Float](repeating: 1, count: 6), shape: [2, 3])
        try NPZ.save([("x", x), ("y", try Tensor([Int64(0), 1]))], to: folder.path("d.npz"))
        let model = Command.fixture("broken/sound.h5")
        let run = try Command(
            "evaluate", model, folder.path("d.npz"), "--x", "x", "--y", "y", "--loss", "sparse_categorical_crossentropy", "--metrics",
            "accuracy")
        #expect(run.output.hasSuffix(" - accuracy: 0.5000\n"))
        let nothing = try Command("evaluate", model, folder.path("d.npz"))
        #expect(nothing.status == 64)
        #expect(nothing.complaints.first?.contains("--loss") == true)
        let unknown = try Command("evaluate", model, folder.path("d.npz"), "--loss", "mystery")
        #expect(unknown.status == 64)
        #expect(unknown.complaints == ["keras: --loss: this loss is not known; found 'mystery'"])
    }

    @Test func printsSummaries() throws {
        let golden = try String(contentsOfFile: Command.fixture("summaries/mnist_cnn.k315.txt"), encoding: .utf8)
        #expect(try Command("summary", demo).output == golden)
        let older = try String(contentsOfFile: Command.fixture("summaries/mnist_cnn.tfk221.txt"), encoding: .utf8)
        let json = Command.fixture("summaries/mnist_cnn.tfk221.json")
        #expect(try Command("summary", json, "--style", "tf_keras").output == older)
    }

    @Test func inspects() throws {
        let text = try Command("inspect", demo).output
        #expect(text.contains("  model     Sequential \"mnist_cnn\", 9 layers\n  written   by Keras 3.15.1 on tensorflow\n"))
        #expect(text.contains("   │     └─ kernel  float32  (3, 3, 1, 32)\n"))
        let json = try JSON(parsing: try Command("inspect", demo, "--json").output)
        #expect(json["keras"]?["keras_version"]?.string == "3.15.1")
        #expect(json["numbers"]?.integer == 93_322)
        let arrays = try JSON(parsing: try Command("inspect", data, "--json").output)
        #expect(arrays["arrays"]?["x_test"]?["max"]?.number == 255)
        let trained = try Command("inspect", Command.fixture("summaries/trained.k315.h5")).output
        #expect(trained.contains("optimizer variables"))
        #expect(trained.contains("optimizer state of Adam\n") && trained.contains("hidden_kernel  velocity       adam/"))
    }

    @Test func measures() throws {
        let json = try JSON(parsing: try Command("bench", Command.fixture("broken/sound.h5"), "--json").output)
        #expect(try #require(json["samples_per_second"]?.number) > 0)
        #expect(try #require(json["peak_flops"]?.number) > 1e8)
        let open = Command.fixture("summaries/any_size.k315.h5")
        let refused = try Command("bench", open)
        #expect(refused.status == 64)
        #expect(refused.complaints.first?.contains("--input-shape 64,64,3") == true)
        #expect(try Command("bench", open, "--input-shape", "8,8,3", "--batch-size", "2").output.contains("samples/s"))
    }

    @Test func tellsOfItself() throws {
        #expect(try Command("--version").output == KerasCommand.version + "\n")
        for command in ["summary", "inspect", "predict", "evaluate", "bench"] {
            let help = try Command("help", command)
            #expect(help.status == 0)
            #expect(help.output.contains("Examples:\n  keras \(command) "))
        }
        #expect(try Command("prodict").status == 64)
        #expect(try Command("predict", "--batch-size", "0", "a", "b", "-o", "c.npy").status == 64)
    }

    @Test func numbersAreReadable() {
        #expect(Numbers.fixed(-0.00005, 4) == "-0.0000" && Numbers.fixed(0.25, 1) == "0.2" && Numbers.fixed(1234.5678, 2) == "1234.57")
        #expect(Numbers.scientific(0.00012345, 2) == "1.23e-04" && Numbers.scientific(9.9999, 2) == "1.00e+01")
        #expect(Numbers.short(0.0001) == "0.0001" && Numbers.short(33.7912345) == "33.791" && Numbers.short(-2) == "-2")
        #expect(Numbers.short(.nan) == "nan" && Numbers.short(-.infinity) == "-inf" && Numbers.short(1.5e-9) == "1.5e-09")
        #expect(Numbers.grouped(93_322) == "93,322" && Numbers.grouped(-1000) == "-1,000" && Numbers.grouped(0) == "0")
        #expect(Numbers.bytes(373_288) == "364.54 KB" && Numbers.bytes(12) == "12 B")
    }
}
