import JSON
import KerasFormat
import KerasModel
import Storage
import Testing

/// Optimizers that are described and not run: what files keep of them is called by Keras's own lists all the same.
@Suite struct OptimizerStateTests {
    private static let folder = ModelFileTests.fixtures + "/training/"

    @Test(arguments: ["Lamb", "Adafactor", "Muon"]) func everyVariableHasItsWeightAndSlot(name: String) throws {
        let facts = try Files.read(OptimizerStateTests.folder + "optimizer_state_k315.json").withUnsafeBytes { try JSON(parsing: $0) }
        let saved = try ModelFile.read(OptimizerStateTests.folder + name.lowercased() + "_k315.keras")
        let training = try #require(saved.training)
        let optimizer = try Optimizer(config: training.optimizer, in: DecodingContext(dialect: training.dialect, registry: .keras))
        let found = try #require(try training.namedState(of: optimizer, in: BuiltModel(saved.root)))
        let wanted = try #require(facts[name]?.array)
        #expect(found.count == wanted.count)
        for (variable, wanted) in zip(found, wanted) {
            // Keras's path begins with the model.
            let weight = wanted.array?.first?.string?.split(separator: "/").dropFirst().joined(separator: "_")
            #expect(variable.weight == weight && variable.slot == wanted.array?.last?.string, "\(variable.stored)")
        }
    }
}
