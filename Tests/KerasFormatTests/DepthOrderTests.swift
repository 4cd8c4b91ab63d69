import KerasFormat
import KerasModel
import Testing

/// Keras sorts a Functional's layers when it builds it: what it wrote is sorted already.
@Suite struct DepthOrderTests {
    private func check(_ model: ModelLayer) {
        let names = model.architecture.layers.map(\.name)
        #expect(model.architecture.sortedAsKeras().layers.map(\.name) == names)
        for layer in model.architecture.layers { if let inner = layer as? ModelLayer { check(inner) } }
        var reversed = model
        reversed.architecture.layers.reverse()
        guard model.architecture.kind == .functional else { return }
        #expect(reversed.architecture.sortedAsKeras().layers.map(\.name) == names)
    }

    @Test(arguments: ["branches.k315.keras", "branches.tfk221.keras"])
    func whatKerasWroteIsSorted(file: String) throws {
        check(try ModelFile.read("\(ModelFileTests.fixtures)/keras_files/\(file)").root)
    }

    /// The deeper branch comes first, whatever was called first.
    @Test func aModelMadeInSwiftIsSorted() throws {
        let input = Input(4, name: "x")
        let short = Dense(4).named("short")(input)
        let long = Dense(4).named("second")(Dense(4).named("first")(input))
        let model = try Architecture(name: "m", inputs: [input], outputs: [Add().named("sum")([short, long])])
        #expect(model.layers.map(\.name) == ["x", "first", "short", "second", "sum"])
    }
}
