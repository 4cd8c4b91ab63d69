import KerasFormat
import KerasModel
import Tensors
import Testing

/// What a target cannot say, or would be taken otherwise there, is refused by the layer's name.
@Suite struct RefusedSavingTests {
    /// A layer of `keras.applications` is found by its module or not at all.
    @Test func aLayerThatNoKerasFindsByNameIsRefused() throws {
        let input = InputLayer(batchShape: [nil, 4, 4, 3], name: "x")
        let root = ModelLayer(Architecture(sequential: "s", layers: [LayerScale(0.1, dimension: 3).named("scale")], input: input))
        let id = WeightID(layer: root.architecture.layers[0].id, index: 0)
        let model = SavedModel(root: root, weights: [id: try Tensor([Float(1), 2, 3])], origin: nil)
        let error = #expect(throws: KerasError.self) { try ModelFile.encode(model, as: .named(".h5"), target: .universal) }
        #expect(error?.problems.first?.kind == .unsupported && error?.problems.first?.place.layer == "scale")
        #expect(try ModelFile.encode(model, as: .named(".keras"), target: .keras3).notes == [])
        #expect(try ModelFile.encode(model, as: .named(".h5"), target: .keras3).notes.contains { $0.contains("custom_objects") })
    }

    /// A meaning that a target has no word for is refused by name.
    @Test func whatCannotBeSaidIsRefused() throws {
        func refused(_ layer: any Layer, _ target: SaveTarget, lossy: Bool = false) -> [Problem] {
            let root = ModelLayer(Architecture(sequential: "s", layers: [layer]))
            do {
                let losses = lossy ? Losses() : nil
                _ = try ModelConfigWriter.json(root, built: nil, target: target, losses: losses)
                return []
            } catch { return (error as? KerasError)?.problems ?? [] }
        }
        let slope = Dense(2, activation: .hardSigmoid).inputShape(3).named("d")
        #expect(refused(slope, .universal).first?.kind == .unsupported && refused(slope, .keras3).isEmpty)
        let older = Dense(2, activation: .hardSigmoidFifth).inputShape(3).named("d")
        #expect(refused(older, .universal).first?.place.layer == "d" && refused(older, .keras2).isEmpty)
        // By Keras's name for it, not ours.
        #expect(refused(older, .keras3).first?.found == "hard_sigmoid, which Keras before 3 has as clip(x / 5 + 1/2, 0, 1)")
        #expect(refused(RMSNormalization().inputShape(3).named("r"), .universal).first?.found == "RMSNormalization")
        #expect(refused(LayerNormalization().inputShape(3).named("l"), .keras2).first?.found == "LayerNormalization")
        #expect(refused(LayerNormalization().inputShape(3).named("l"), .universal).isEmpty)
    }

    /// What one Keras takes otherwise than another, though both have the words.
    @Test(
        arguments: [
            // Keras 3 drops lists of axes from an .h5 and keeps them in a .keras.
            (Softmax(axis: [1, 2]), [3, 4], [.universal, .keras3], [.tfKeras]),
            (LayerNormalization(axis: [1, 2]), [3, 4], [.universal, .keras3], [.tfKeras]),
            (Normalization(axis: []), [4], [.universal, .keras3], [.tfKeras]),
            (Softmax(axis: [1]), [3, 4], [], SaveTarget.allCases),
            // A key whose place hangs on the dialect.
            (SeparableConv2D(2, (1, 1), activation: .hardSigmoidFifth), [3, 3, 2], [.universal, .keras3], [.tfKeras, .keras2]),
            // Keras 3 leaves it to TensorFlow which axis is that of the bias.
            (Conv2D(3, (1, 1), dataFormat: .channelsFirst), [2, 4, 3], [.universal, .keras3], [.tfKeras, .keras2]),
            (Conv2D(3, (1, 1), dataFormat: .channelsFirst), [2, 3, 4], [], SaveTarget.allCases),
            (UpSampling2D(2), [nil, 3, 2], [.universal, .tfKeras], [.keras3]),
            (UpSampling2D(2), [nil, nil, 2], [], SaveTarget.allCases),
            // Keras 3 turns a layer round by letting it go backwards.
            (Bidirectional(LSTM(2, goBackwards: true)), [3, 4], [.universal], [.keras3, .tfKeras, .keras2]),
            (Bidirectional(LSTM(2)), [3, 4], [], SaveTarget.allCases),
        ] as [(any Layer, [Int?], [SaveTarget], [SaveTarget])])
    func whatWouldBeTakenOtherwiseIsRefused(layer: any Layer, shape: [Int?], refused: [SaveTarget], taken: [SaveTarget]) throws {
        let input = InputLayer(batchShape: SymbolicShape([nil] + shape), name: "x")
        let root = ModelLayer(Architecture(sequential: "s", layers: [layer.named("l")], input: input))
        let built = try BuiltModel(root)
        for target in refused {
            let error = #expect(throws: KerasError.self) { try ModelConfigWriter.json(root, built: built, target: target, form: .hdf5) }
            #expect(error?.problems.first?.kind == .unsupported && error?.problems.first?.place.layer == "l", "\(target)")
        }
        for target in taken { _ = try ModelConfigWriter.json(root, built: built, target: target, form: .hdf5) }
    }

    /// Keras 3 makes such a layer ready before it reads a nested model's weights.
    @Test func learntNormalizationOfANestedModelIsRefused() throws {
        func refused(_ layer: Normalization, isNested: Bool, _ target: SaveTarget) throws -> Bool {
            let chain = ModelLayer(Architecture(sequential: "inner", layers: [layer.named("n").inputShape(3)]))
            let root = isNested ? ModelLayer(Architecture(sequential: "outer", layers: [chain.inputShape(3)])) : chain
            return (try? ModelConfigWriter.json(root, built: try BuiltModel(root), target: target, form: .hdf5)) == nil
        }
        let given = Normalization(mean: [1, 2, 3], variance: [1, 1, 1])
        #expect(try refused(Normalization(), isNested: true, .universal) && refused(Normalization(), isNested: true, .keras3))
        #expect(try !refused(Normalization(), isNested: true, .tfKeras) && !refused(Normalization(), isNested: false, .universal))
        #expect(try !refused(given, isNested: true, .universal))
    }
}
