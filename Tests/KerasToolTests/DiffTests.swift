import JSON
import NumPy
import Tensors
import Testing

/// `keras diff`: by meaning, in words, with exit status 1 for any difference.
@Suite struct DiffTests {
    private static let demo = Command.fixture("mnist_cnn_k315.h5")
    private let folder: Folder

    init() throws { folder = try Folder() }

    /// The demo's architecture in this dialect, with one text in it replaced.
    private func architecture(_ dialect: String, _ old: String = "", _ new: String = "", name: String = "changed.json") throws -> String {
        let path = folder.path("\(dialect).json")
        try #require(try Command("convert", DiffTests.demo, path, "--to", dialect).status == 0)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard !old.isEmpty else { return path }
        let range = try #require(text.range(of: old))
        return try folder.file(name, text.replacingCharacters(in: range, with: new).utf8)
    }

    @Test(arguments: ["keras2", "tf.keras", "keras3"]) func spellingIsNoDifference(dialect: String) throws {
        let run = try Command("diff", DiffTests.demo, try architecture(dialect))
        #expect(run.status == 0)
        #expect(run.output == "no difference: 9 layers\n")
        #expect(run.complaints == ["keras: only the first file holds weights, so that only the architectures are compared"])
    }

    @Test func fileAndItself() throws {
        let run = try Command("diff", DiffTests.demo, DiffTests.demo)
        #expect(run.status == 0 && run.complaints.isEmpty)
        #expect(run.output == "no difference: 9 layers, 10 weights, 93,322 numbers\n")
    }

    /// A text of the architecture, what stands in its place, and what is said of it.
    @Test(arguments: [
        (#""pool_size": [2, 2]"#, #""pool_size": [3, 3]"#, "layer 'max_pooling2d': pool_size [2, 2] → [3, 3]"),
        (#""activation": "relu""#, #""activation": "elu""#, #"layer 'conv2d': activation "relu" → "elu""#),
        (#""use_bias": true"#, #""use_bias": false"#, "layer 'conv2d': use_bias true → false"),
        (#""name": "flatten""#, #""name": "flat""#, "layer 'flatten': name 'flatten' → 'flat'"),
        (#"[null, 28, 28, 1]"#, #"[null, 32, 32, 1]"#, ": batch_shape (None, 28, 28, 1) → (None, 32, 32, 1)"),
        (
            #""class_name": "MaxPooling2D""#, #""class_name": "AveragePooling2D""#,
            "layer 'max_pooling2d': class MaxPooling2D → AveragePooling2D"
        ),
        (
            #""class_name": "GlorotUniform", "config": {"#,
            #""class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal", "#,
            "layer 'conv2d': kernel_initializer GlorotUniform() → HeNormal()"
        ),
    ])
    func settings(old: String, new: String, sentence: String) throws {
        let run = try Command("diff", try architecture("keras3"), try architecture("keras3", old, new))
        #expect(run.status == 1)
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == "architecture: 1 difference" && lines.count == 2)
        #expect(lines.last?.hasSuffix(sentence) == true, "\(run.output)")
    }

    /// Older Kerases wrote plain initializers as scalings with three settings.
    @Test func initializersByMeaning() throws {
        let plain = #""class_name": "GlorotUniform", "config": {"#
        let scaling = #""class_name": "VarianceScaling", "config": {"scale": 1, "mode": "fan_avg", "distribution": "uniform", "#
        #expect(try Command("diff", DiffTests.demo, try architecture("tf.keras", plain, scaling)).status == 0)
    }

    /// The same word with two meanings.
    @Test func meaningsUnderOneName() throws {
        let newer = try architecture("keras3", #""activation": "relu""#, #""activation": "hard_sigmoid""#, name: "newer.json")
        let older = try architecture("tf.keras", #""activation": "relu""#, #""activation": "hard_sigmoid""#, name: "older.json")
        let run = try Command("diff", newer, older)
        #expect(run.status == 1)
        #expect(run.output.contains(#"activation "hard_sigmoid" → "hard_sigmoid" (tf.keras's)"#))
    }

    /// Two Kerases trained it: the same architecture but for how one writes an axis, and other weights.
    @Test func weightsByLayer() throws {
        let run = try Command(
            "diff", Command.fixture("generations/k315_seq.h5"), Command.fixture("generations/tf24_seq.h5"), "--json")
        #expect(run.status == 1)
        let json = try JSON(parsing: run.output)
        #expect(json["same"] == false)
        #expect(json["architecture"]?.array?.isEmpty == true)
        let rows = try #require(json["weights"]?.array)
        #expect(rows.count == 8)
        let first = try #require(rows.first)
        #expect(first["layer"] == "conv2d" && first["weight"] == "kernel" && first["shape"] == [3, 3, 3, 2] && first["differing"] == 54)
        #expect(abs((first["largest_absolute"]?.number ?? 0) - 0.659) < 1e-3)
        #expect(abs((first["largest_relative"]?.number ?? 0) - 1.83) < 1e-2)
    }

    @Test func arrays() throws {
        let x = try Tensor([1, 2, 3, .nan] as [Float], shape: [2, 2])
        let y = try Tensor([1, 2, 4, .nan] as [Float], shape: [2, 2])
        let wide = try Tensor([Int64.max, 1], shape: [2])
        let near = try Tensor([Int64.max - 1, 1], shape: [2])
        try NPZ.save([("x", x), ("wide", wide)], to: folder.path("a.npz"))
        try NPZ.save([("x", y), ("wide", near), ("more", x)], to: folder.path("b.npz"))
        try NPY.save(x, to: folder.path("x.npy"))
        try NPY.save(try x.converted(to: .float64), to: folder.path("x64.npy"))
        #expect(try Command("diff", folder.path("a.npz"), folder.path("a.npz")).output == "no difference: 2 arrays, 6 numbers\n")
        let run = try Command("diff", folder.path("a.npz"), folder.path("b.npz"))
        #expect(run.status == 1)
        #expect(run.output.contains("arrays: 2 of 2 arrays differ") && run.output.contains("array 'more': only in the second"))
        #expect(run.output.contains("1.00e+00  2.50e-01     1 of 4"))
        #expect(run.output.contains("1 of 2"))
        let types = try Command("diff", folder.path("x.npy"), folder.path("x64.npy"))
        #expect(types.status == 1 && types.output.contains("float32 → float64"))
        let mixed = try Command("diff", folder.path("x.npy"), DiffTests.demo)
        #expect(mixed.status == 65 && mixed.complaints.first?.contains("x.npy: this file holds arrays and the other a model") == true)
        #expect(try Command("diff", folder.path("x.npy"), folder.path("none.npy")).status == 66)
    }

    @Test func weightsWithoutModel() throws {
        let file = Command.fixture("generations/k315_seq.weights.h5")
        #expect(try Command("diff", file, file).output.hasPrefix("no difference: "))
    }
}
