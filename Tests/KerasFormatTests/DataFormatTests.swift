import KerasFormat
import KerasModel
import Tensors
import Testing

/// Channels moved to the other end; that the numbers stay is asked in `Tests/Interop/data_formats.py`.
@Suite struct DataFormatTests {
    /// A model with weights that tell their places apart.
    private func model(_ layers: [any Layer], _ shape: [Int?]) throws -> SavedModel {
        let input = InputLayer(batchShape: SymbolicShape([nil] + shape), name: "x")
        let root = ModelLayer(Architecture(sequential: "s", layers: layers, input: input))
        var weights: [WeightID: Tensor] = [:]
        for (id, spec) in try BuiltModel(root).allWeights(of: root) {
            weights[id] = try Tensor((0..<spec.shape.count).map(Float.init), shape: spec.shape)
        }
        return SavedModel(root: root, weights: weights, origin: nil)
    }

    private func kinds(_ model: SavedModel) -> [String] { model.root.architecture.layers.map { type(of: $0).className } }

    @Test(arguments: ["mnist_cnn_k315.h5", "generations/tf24_seq.h5"])
    func thereAndBackIsTheSameModel(file: String) throws {
        let model = try ModelFile.read("\(ModelFileTests.fixtures)/\(file)")
        let (moved, notes) = try model.converted(to: .channelsFirst)
        #expect(notes.contains { $0.hasPrefix("input ") })
        let (back, _) = try moved.converted(to: .channelsLast)
        #expect(ArchitectureDifference(model.root, back.root).changes == [])
        #expect(try BuiltModel(moved.root).inputShapes.map(\.rank) == BuiltModel(model.root).inputShapes.map(\.rank))
        for (id, tensor) in model.weights {
            #expect(try back.weights[id]?.withUnsafeBytes(Array.init) == tensor.contiguous().withUnsafeBytes(Array.init))
        }
    }

    @Test func layersSayTheOtherFormat() throws {
        let layers: [any Layer] = [
            Conv2D(3, (2, 2)), BatchNormalization(), ReLU(), MaxPooling2D(2), Flatten(), Dense(2),
        ]
        let (moved, _) = try model(layers, [9, 7, 2]).converted(to: .channelsFirst)
        let built = try BuiltModel(moved.root)
        #expect(built.inputShapes == [[nil, 2, 9, 7]] && built.outputShapes == [[nil, 2]])
        #expect(kinds(moved) == ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Flatten", "Dense"])
        let inner = moved.root.architecture.layers
        #expect((inner[0] as? Conv2D)?.settings.dataFormat == .channelsFirst && (inner[4] as? Flatten)?.dataFormat == .channelsFirst)
        #expect((inner[1] as? BatchNormalization)?.axis == 1)
    }

    /// A Dense on maps stands between Permutes, which are gone after the way back; softmax within a convolution becomes a layer.
    @Test func layersThatKnowOneWayAloneGetPermutes() throws {
        let original = try model([Conv2D(3, (1, 1)), Dense(4), Conv2D(2, (1, 1), activation: .softmax)], [3, 4, 2])
        let (moved, notes) = try original.converted(to: .channelsFirst)
        #expect(kinds(moved) == ["Conv2D", "Permute", "Dense", "Permute", "Conv2D", "Softmax"])
        #expect((moved.root.architecture.layers[5] as? Softmax)?.axis == 1)
        #expect(notes.contains { $0.hasPrefix("2 Permute layers") })
        let (back, _) = try moved.converted(to: .channelsLast)
        #expect(kinds(back) == ["Conv2D", "Dense", "Conv2D", "Softmax"])
        #expect(try BuiltModel(back.root).outputShapes == [[nil, 3, 4, 2]])
    }

    /// A weight with an image's axes goes with them.
    @Test func weightsOfImagesAreTransposed() throws {
        let (moved, _) = try model([Conv2D(2, (1, 1)), PReLU(sharedAxes: [1])], [3, 2, 1]).converted(to: .channelsFirst)
        let prelu = try #require(moved.root.architecture.layers[1] as? PReLU)
        #expect(prelu.sharedAxes == [2])
        let alpha = try #require(moved.weights[WeightID(layer: prelu.id, index: 0)])
        #expect(alpha.shape == [2, 1, 2])
        #expect(try alpha.scalars(as: Float.self) == [0, 2, 1, 3])
    }

    /// Keras 3's slip with a bias as long as the last axis: where that axis is open it hangs on the input.
    @Test func anOpenAxisThatABiasMayFitIsTold() throws {
        func notes(_ bias: Bool, _ shape: [Int?], slips: Bool = true, _ target: SaveTarget? = nil) throws -> [String] {
            var layer = Conv1D(3, 2)
            layer.settings.useBias = bias
            layer.base.addsBiasAsTensorFlow = slips
            let (moved, notes) = try model([layer.named("c")], shape).converted(to: .channelsFirst)
            guard let target else { return notes.filter { $0.contains("bias") } }
            return try ModelFile.encode(moved, as: .named(".h5"), target: target).notes.filter { $0.contains("bias") }
        }
        #expect(
            try notes(true, [nil, 2]) == [
                "Keras 3 adds the bias of 'c' along the last axis, not the channels, where that has 3 cells as they are"
            ])
        #expect(try notes(false, [nil, 2]) == [] && notes(true, [9, 2]) == [] && notes(true, [nil, 2], slips: false) == [])
        #expect(try notes(true, [nil, 2], slips: false, .universal).count == 1 && notes(true, [nil, 2], slips: false, .tfKeras) == [])
    }

    @Test func whatCannotBeMovedIsRefused() throws {
        let error = #expect(throws: KerasError.self) {
            try model([Conv2D(2, (1, 1), activation: .logSoftmax).named("c")], [3, 2, 1]).converted(to: .channelsFirst)
        }
        #expect(error?.problems.first?.kind == .unsupported && error?.problems.first?.place.layer == "c")
    }
}
