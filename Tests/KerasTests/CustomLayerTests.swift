import Keras
import KerasModel
import Testing

/// Models with Python code and with operations, as both Kerases saved them: `Fixtures/make/custom_layers.py`.
@Suite struct CustomLayerTests {
    static let folder = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures/custom/"
    static let files = ["k315.h5", "k315.keras", "tfk221.h5", "tfk221.keras"]

    /// What the Python class of the same name does.
    private struct Gate: Layer {
        static let className = "Gate"
        static let blank = Gate()
        static let keys: [ConfigKey<Gate>] = [.key("strength", \.strength)]
        var base = LayerBase()
        var strength = 1.0

        func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] { [try WeightSpec("gate", [try inputs[0].known(1)], .ones)] }

        func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
            let scaled = try call.emit(.binary(.multiply), inputs[0], try call.weight("gate"))
            let gated = try call.emit(.binary(.multiply), inputs[0], try call.emit(.unary(.sigmoid), scaled))
            return [try call.emit(.unary(.affine(scale: strength, offset: 0)), gated)]
        }
    }

    private static let custom = CustomLayers(
        [Gate.self],
        named: ["twice": CustomFunction { inputs, call in [try call.emit(.unary(.affine(scale: 2, offset: 1)), inputs[0])] }])

    private func expect(_ model: Model, gives name: String) throws {
        let data = try NPZ(path: Self.folder + name + ".npz")
        let found = try model.predict(try data.tensor(named: "x"))
        let wanted = try data.tensor(named: "y")
        #expect(found.shape == wanted.shape)
        let differences = zip(try found.scalars(as: Double.self), try wanted.scalars(as: Double.self)).map { abs($0 - $1) }
        #expect(differences.max() ?? 1 < 1e-5)
    }

    private func tag(_ file: String) -> String { String(file.split(separator: ".")[0]) }

    @Test(arguments: files) func codeIsKeptAndRefusedByName(_ file: String) throws {
        let model = try Model.load(Self.folder + "code." + file)
        #expect(model.summary().contains("twice"))
        let x = try NPZ(path: Self.folder + "code.\(tag(file)).npz").tensor(named: "x")
        #expect {
            try model.predict(x)
        } throws: { error in
            let problems = (error as? KerasError)?.problems ?? []
            return problems.map(\.kind) == [.unsupported, .unsupported] && problems.map(\.place.layer) == ["gate", "twice"]
        }
    }

    @Test(arguments: files) func whatIsRegisteredIsRun(_ file: String) throws {
        let model = try Model.load(Self.folder + "code." + file, customLayers: Self.custom)
        try expect(model, gives: "code." + tag(file))
    }

    /// A file that was only converted holds the same code under the same names.
    @Test(arguments: files) func codeComesThroughConversion(_ file: String) throws {
        let source = try Model.load(Self.folder + "code." + file)
        for ending in [".h5", ".keras"] {
            let bytes = try source.serialized(as: ending)
            try expect(try Model.load(bytes: bytes, customLayers: Self.custom), gives: "code." + tag(file))
            let (before, after) = (
                try JSON(parsing: try source.json(try #require(source.dialect))),
                try JSON(parsing: try Model.load(bytes: bytes).json(try #require(source.dialect)))
            )
            for (x, y) in zip(before["config"]?["layers"]?.array ?? [], after["config"]?["layers"]?.array ?? []) {
                #expect(x["class_name"] == y["class_name"])
                #expect(x["config"]?["function"] == y["config"]?["function"])
            }
        }
    }

    @Test(arguments: files) func operationsRun(_ file: String) throws {
        let model = try Model.load(Self.folder + "operations." + file)
        try expect(model, gives: "operations." + tag(file))
        try expect(try Model.load(bytes: try model.serialized(as: ".keras")), gives: "operations." + tag(file))
    }
}
