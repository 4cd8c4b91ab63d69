import JSON
import KerasFormat
import KerasModel
import Storage
import Tensors
import Testing

/// Optimizers that are described and not run: what files keep of them is called by Keras's own lists all the same.
@Suite struct OptimizerStateTests {
    private static let folder = ModelFileTests.fixtures + "/training/"

    @Test(arguments: ["Lamb", "Adafactor", "Muon"]) func everyVariableHasItsWeightAndSlot(name: String) throws {
        let facts = try Files.read(OptimizerStateTests.folder + "optimizer_state_k315.json").withUnsafeBytes { try JSON(parsing: $0) }
        let saved = try ModelFile.read(OptimizerStateTests.folder + name.lowercased() + "_k315.keras")
        let training = try #require(saved.training)
        let built = try BuiltModel(saved.root)
        let found = try #require(try training.namedState(of: training.optimizer(for: built), in: built))
        let wanted = try #require(facts[name]?.array)
        #expect(found.count == wanted.count)
        for (variable, wanted) in zip(found, wanted) {
            // Keras's path begins with the model.
            let weight = wanted.array?.first?.string?.split(separator: "/").dropFirst().joined(separator: "_")
            #expect(variable.weight == weight && variable.slot == wanted.array?.last?.string, "\(variable.stored)")
        }
    }

    /// A file's count of steps may be anything.
    @Test(arguments: [Float.nan, .infinity, -1e30, 1e30, -2]) func noNumberOfStepsTraps(steps: Float) throws {
        let saved = try ModelFile.read(OptimizerStateTests.folder + "loss_scale_k315.keras")
        let built = try BuiltModel(saved.root)
        var training = try #require(saved.training)
        for (index, variable) in training.optimizerVariables.enumerated() where variable.tensor.dtype == .int64 {
            training.optimizerVariables[index].tensor = try Tensor([steps], shape: [])
        }
        let state = try #require(try training.state(of: training.optimizer(for: built), in: built))
        #expect(state.iterations == 0 && state.lossScale?.steps == 0)
    }

    /// As Keras 3.15.1 prints it once it has loaded the file.
    @Test(arguments: [("loss_scale_k315.h5", 6, 36), ("loss_scale_k315.keras", 22, 100)])
    func whatKerasCountsAsTheOptimizers(file: String, count: Int, bytes: Int) throws {
        let size = try ModelFile.read(OptimizerStateTests.folder + file).training?.sizeOnceLoaded
        #expect(size?.count == count && size?.bytes == bytes)
    }
}
