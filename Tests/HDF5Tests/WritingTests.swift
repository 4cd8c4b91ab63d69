import HDF5
import Storage
import Tensors
import Testing

/// A draft of every kind of thing, in order.
private func everything(compression: HDF5Compression = .none) throws -> HDF5Draft {
    var draft = HDF5Draft()
    draft.root.add(attribute: "ascii", .text(String(repeating: "{\"é\": 1}", count: 20_000)))
    draft.root.add(attribute: "unicode", .unicode("größer"))
    draft.root.add(attribute: "texts", .texts(["a", "", "ccc"]))
    draft.root.add(attribute: "none", .names([]))
    draft.root.add(attribute: "number", .tensor(try Tensor([Int64(-7)], shape: [])))
    try draft.root.add(names: ["a", "bcd", ""], as: "names")
    for (index, dtype) in DType.named.enumerated() where dtype != .complex64 && dtype != .complex128 {
        let shape = Shape([index + 1, 3])
        let tensor = try Tensor((0..<shape.count).map { Float($0 % 2) }, shape: shape).converted(to: dtype)
        draft.root.add(dataset: "deep/er/\(dtype)", HDF5DraftDataset(tensor, compression: compression))
    }
    draft.root.add(
        dataset: "large", HDF5DraftDataset(try Tensor((0..<400_000).map { Float($0) }, shape: [1000, 400]), compression: compression))
    draft.root.add(dataset: "scalar", HDF5DraftDataset(try Tensor([Float(2.5)], shape: []), compression: compression))
    draft.root.add(dataset: "empty", HDF5DraftDataset(try Tensor(zeros: [0, 3]), compression: compression))
    let square = try Tensor((0..<12).map { Int32($0) }, shape: [3, 4])
    draft.root.add(dataset: "turned", HDF5DraftDataset(square.transposed([1, 0]), compression: compression))
    return draft
}

private func read(_ draft: HDF5Draft) throws -> HDF5File { try HDF5File(bytes: try HDF5Image(draft).content.joined(), name: "draft") }

@Test(arguments: [HDF5Compression.none, .gzip])
func whatIsWrittenIsRead(compression: HDF5Compression) throws {
    let root = try read(everything(compression: compression)).root
    #expect(try root.attribute("ascii")?.string().utf8.count == 180_000)
    #expect(try root.attribute("unicode")?.string() == "größer")
    #expect(try root.attribute("texts")?.strings() == ["a", "", "ccc"])
    #expect(try root.attribute("none")?.tensor().dtype == .float64)
    #expect(try root.attribute("number")?.integer() == -7)
    #expect(try root.stringList("names") == ["a", "bcd", ""])
    for (index, dtype) in DType.named.enumerated() where dtype != .complex64 && dtype != .complex128 {
        let dataset = try root.dataset("deep/er/\(dtype)")
        let tensor = try dataset.tensor(opaqueAs: .bfloat16)
        #expect(tensor.dtype == dtype)
        #expect(tensor.shape == [index + 1, 3])
        #expect(try tensor.scalars(as: Float.self) == (0..<tensor.count).map { Float($0 % 2) })
    }
    #expect(try root.dataset("large").tensor().scalars(as: Float.self) == (0..<400_000).map { Float($0) })
    #expect(try root.dataset("scalar").tensor().scalars(as: Float.self) == [2.5])
    #expect(try root.dataset("empty").tensor().shape == [0, 3])
    #expect(try root.dataset("turned").tensor().scalars(as: Int32.self) == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
}

@Test func theSameDraftMakesTheSameBytes() throws {
    for compression in [HDF5Compression.none, .gzip] {
        let first = try HDF5Image(everything(compression: compression)).content.joined()
        let second = try HDF5Image(everything(compression: compression)).content.joined()
        #expect(first.bytes.elementsEqual(second.bytes))
    }
}

/// The large elements are those of the draft, not a copy in the library's memory; and little room is lost to the guess of what the rest needs.
@Test func elementsStayWhereTheyAre() throws {
    var draft = HDF5Draft()
    var tensors: [Tensor] = []
    for index in 0..<100 {
        tensors.append(try Tensor(zeros: [64, 64]))
        let name = "convolution_\(index)"
        var group = HDF5DraftGroup()
        try group.add(names: ["\(name)/kernel:0"], as: "weight_names")
        group.add(dataset: "\(name)/kernel:0", HDF5DraftDataset(tensors[index]))
        draft.root[group: name] = group
    }
    let image = try HDF5Image(draft)
    let elements = tensors.reduce(0) { $0 + $1.byteCount }
    #expect(image.content.runs.count { run in tensors.contains { $0.address == UnsafeRawPointer(run.bytes.baseAddress) } } == 100)
    #expect(image.count - elements < 100 * 4096)
    #expect(image.content.runs.filter { run in !tensors.contains { $0.address == UnsafeRawPointer(run.bytes.baseAddress) } }.count < 8)
}

/// Keras's rule for lists of names beyond 64 KiB, as its own files have them: 401 names of width 205.
@Test func longListsAreSpread() throws {
    var draft = HDF5Draft()
    let names = (0..<401).map { "\($0)" + String(repeating: "n", count: 205 - "\($0)".count) }
    try draft.root.add(names: names, as: "layer_names")
    let root = try read(draft).root
    #expect(try root.attributeNames() == ["layer_names0", "layer_names1"])
    #expect(try root.attribute("layer_names0")?.strings().count == 201)
    #expect(try root.stringList("layer_names") == names)
    #expect(problem { try draft.root.add(names: [String(repeating: "n", count: 70_000)], as: "layer_names") }?.kind == .unsupported)
}

@Test func namesThatCannotBeAreRefused() throws {
    let tensor = try Tensor(zeros: [1])
    for name in ["", "a\u{0}b"] {
        var draft = HDF5Draft()
        draft.root.add(dataset: name, HDF5DraftDataset(tensor))
        #expect(problem { _ = try HDF5Image(draft) }?.kind == .unsupported)
    }
    var twice = HDF5Draft()
    twice.root.add(dataset: "a/b", HDF5DraftDataset(tensor))
    twice.root.add(dataset: "a/b", HDF5DraftDataset(tensor))
    #expect(problem { _ = try HDF5Image(twice) }?.kind == .mismatch)
    var under = HDF5Draft()
    under.root.add(dataset: "a", HDF5DraftDataset(tensor))
    under.root.add(dataset: "a/b", HDF5DraftDataset(tensor))
    #expect(problem { _ = try HDF5Image(under) }?.kind == .mismatch)
    var text = HDF5Draft()
    text.root.add(attribute: "text", .text("a\u{0}b"))
    #expect(problem { _ = try HDF5Image(text) }?.kind == .unsupported)
}
