import Foundation
import JSON
import NumPy
import Tensors
import Testing

/// `keras fit` as a user runs it.
@Suite struct FitTests {
    private let folder: Folder
    private let demo = Command.fixture("mnist_cnn_k315.h5")

    init() throws {
        folder = try Folder()
        let digits = try NPZ(path: Command.fixture("mnist_test.npz"))
        let (x, y) = (try digits.tensor(named: "x_test")[0..<96], try digits.tensor(named: "y_test")[0..<96])
        try NPZ.save([("x_train", x), ("y_train", y), ("w", try Tensor([Float](repeating: 1, count: 96)))], to: folder.path("data.npz"))
    }

    private func fit(_ arguments: String...) throws -> Command { try Command(["fit", demo, folder.path("data.npz")] + arguments) }

    @Test func trainsWritesAndTells() throws {
        let run = try fit(
            "-o", folder.path("out.keras"), "--epochs", "3", "--validation-split", "0.25", "--optimizer", "sgd", "--learning-rate", "0.01",
            "--loss", "sparse_categorical_crossentropy", "--metrics", "accuracy", "--history", folder.path("h.json"), "--plot",
            folder.path("h.svg"))
        #expect(run.status == 0, "\(run.complaints)")
        #expect(run.output.hasPrefix("loss: ") && run.output.contains("val_accuracy: "))
        let history = try JSON(parsing: try String(contentsOfFile: folder.path("h.json"), encoding: .utf8))
        #expect(history["epoch"]?.array?.count == 3)
        #expect(history["val_loss"]?.array?.count == 3)
        let drawing = try String(contentsOfFile: folder.path("h.svg"), encoding: .utf8)
        #expect(drawing.hasPrefix("<svg") && drawing.contains(">val_loss</text>") && drawing.contains("stroke-dasharray"))
        #expect(try Command("evaluate", folder.path("out.keras"), folder.path("data.npz"), "--x", "x_train", "--y", "y_train").status == 0)
    }

    /// What cannot be trained is the model's matter, not the data's.
    @Test func refusalsNameTheirFile() throws {
        let wide = folder.path("wide.keras")
        #expect(try Command("convert", demo, wide, "--dtype", "float64").status == 0)
        let run = try Command("fit", wide, folder.path("data.npz"), "-o", folder.path("out.keras"))
        #expect(run.status == 69)
        #expect(run.complaints.first?.contains("\(wide): layer 'conv2d': key 'kernel': weights of this type") == true, "\(run.complaints)")
        let unfit = try fit("-o", folder.path("out.keras"), "--y", "x_train")
        #expect(unfit.complaints.first?.contains("data.npz: ") == true, "\(unfit.complaints)")
    }

    @Test func theSameSeedGivesTheSameFile() throws {
        for (name, seed) in [("a", "5"), ("b", "5"), ("c", "6")] {
            #expect(
                try fit("-o", folder.path(name + ".keras"), "--seed", seed, "--steps-per-epoch", "2", "--sample-weight", "w").status == 0)
        }
        let bytes = try ["a", "b", "c"].map { try Data(contentsOf: URL(filePath: folder.path($0 + ".keras"))) }
        #expect(bytes[0] == bytes[1])
        #expect(bytes[0] != bytes[2])
    }

    /// What a run had come to that could not write its result is not lost; `Tests/Interop/resumes.py` kills such runs.
    @Test func aBackupGoesOn() throws {
        let settings = ["--steps-per-epoch", "2", "--seed", "3", "--optimizer", "adam", "-o"]
        let backup = ["--backup", folder.path("kept")]
        #expect(
            try Command(["fit", demo, folder.path("data.npz"), "--epochs", "2"] + settings + [folder.path("out.text")] + backup).status != 0
        )
        #expect(FileManager.default.fileExists(atPath: folder.path("kept/training_metadata.json")))
        for (name, more) in [("whole", []), ("again", backup)] {
            let run = try Command(
                ["fit", demo, folder.path("data.npz"), "--epochs", "3"] + settings + [folder.path(name + ".keras")] + more)
            #expect(run.status == 0, "\(run.complaints)")
        }
        let bytes = try ["whole", "again"].map { try Data(contentsOf: URL(filePath: folder.path($0 + ".keras"))) }
        #expect(bytes[0] == bytes[1])
        #expect(!FileManager.default.fileExists(atPath: folder.path("kept")))
    }

    /// Keras 3 cannot train a model again whose optimizer's state it finds in an `.h5`: it gets none, which is said.
    @Test func whatKeras3CannotGoOnWithIsLeftOut() throws {
        let run = try fit("-o", folder.path("trained.h5"))
        #expect(run.status == 0 && run.complaints.contains { $0.contains("optimizer's state is left out") }, "\(run.complaints)")
        #expect(try !Command("inspect", folder.path("trained.h5")).output.contains("optimizer_weights"))
        #expect(try !fit("-o", folder.path("trained.keras")).complaints.contains { $0.contains("left out") })
    }

    @Test func takesFilesOfEveryKind() throws {
        let data = folder.path("data.npz")
        for (member, name) in [
            ("x_train", "x.npy"), ("x_train", "x-idx3-ubyte.gz"), ("y_train", "y.npy"), ("y_train", "y.csv"), ("y_train", "y.idx"),
        ] {
            #expect(try Command("convert", "\(data):\(member)", folder.path(name)).status == 0)
        }
        #expect(try fit("-o", folder.path("archive.keras")).status == 0)
        let wanted = try Data(contentsOf: URL(filePath: folder.path("archive.keras")))
        for (x, y) in [("x.npy", "y.csv"), ("x-idx3-ubyte.gz", "y.idx"), ("x.npy", "data.npz:y_train")] {
            let run = try Command(["fit", demo, folder.path(x), "--y", folder.path(y), "-o", folder.path("files.keras")])
            #expect(run.status == 0, "\(run.complaints)")
            #expect(try Data(contentsOf: URL(filePath: folder.path("files.keras"))) == wanted, "\(x), \(y)")
            #expect(try Command("evaluate", demo, folder.path(x), "--y", folder.path(y)).status == 0)
        }
        #expect(try fit("-o", folder.path("o.keras"), "--x", folder.path("x.npy"), "--y", folder.path("y.npy")).status == 0)
        let alone = try Command("fit", demo, folder.path("x.npy"), "-o", folder.path("o.keras"))
        #expect(alone.status == 65)
        #expect(alone.complaints.first?.contains("--y FILE") == true)
    }

    @Test func whatIsWrongIsSaid() throws {
        #expect(try fit("-o", folder.path("o.keras"), "--epochs", "-1").status == 64)
        #expect(try fit("-o", folder.path("o.keras"), "--validation-split", "1").status == 64)
        #expect(try fit("-o", folder.path("o.keras"), "--x", "nobody").status == 65)
        #expect(try fit("-o", folder.path("missing/o.keras")).status == 73)
        let unknown = try fit("-o", folder.path("o.keras"), "--optimizer", "magic")
        #expect(unknown.status == 69)
        #expect(unknown.complaints.first?.contains("magic") == true)
    }
}
