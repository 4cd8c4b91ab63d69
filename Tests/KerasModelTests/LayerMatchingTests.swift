import Testing

@testable import KerasModel

/// Which layers `keras diff` takes for the same.
@Suite struct LayerMatchingTests {
    private func sentences(_ a: [any Layer], _ b: [any Layer]) -> [String] {
        ArchitectureDifference(
            ModelLayer(Architecture(sequential: "m", layers: a)), ModelLayer(Architecture(sequential: "m", layers: b))
        ).changes.map(\.sentence)
    }

    @Test func namesThatCountOn() {
        let a = [Dense(64, name: "dense"), Dense(32, name: "dense_1"), Dense(10, name: "dense_2")]
        let b = [Dense(64, name: "dense_1"), Dense(32, name: "dense_2"), Dense(10, name: "dense_3")]
        #expect(
            sentences(a, b) == [
                "layer 'dense': name 'dense' → 'dense_1'", "layer 'dense_1': name 'dense_1' → 'dense_2'",
                "layer 'dense_2': name 'dense_2' → 'dense_3'",
            ])
    }

    @Test func layerPutBetween() {
        let a: [any Layer] = [Dense(64, name: "a"), Dense(10, name: "b")]
        let b: [any Layer] = [Dense(64, name: "a"), Dropout(0.5, name: "d"), Dense(10, name: "b")]
        #expect(sentences(a, b) == ["layer 'd': only in the second, Dropout, after 'a'"])
        #expect(sentences(b, a) == ["layer 'd': only in the first, Dropout, after 'a'"])
    }

    @Test func layerMoved() {
        let (x, y, z) = (Dense(4, name: "x"), Dense(5, name: "y"), Flatten(name: "z"))
        #expect(sentences([x, y, z], [z, x, y]) == ["layer 'z': order Flatten, after 'y' → Flatten, first"])
    }

    @Test func nestedModel() {
        func model(_ units: Int) -> [any Layer] {
            [ModelLayer(Architecture(sequential: "inner", layers: [Dense(units, name: "d")])), Dense(1, name: "head")]
        }
        #expect(sentences(model(3), model(4)) == ["layer 'inner/d': units 3 → 4"])
    }

    /// The graph of an added layer shows in what takes its output.
    @Test func connections() throws {
        func model(_ skips: Bool) throws -> ModelLayer {
            let x = Input(4, name: "x")
            let h = Dense(4, name: "h")(x)
            let y = Dense(4, name: "y")(h)
            return ModelLayer(try Architecture(name: "m", inputs: [x], outputs: [Add(name: "sum")([y, skips ? x : h])]))
        }
        let changes = ArchitectureDifference(try model(true), try model(false)).changes.map(\.sentence)
        #expect(changes == ["layer 'sum': inputs 'y', 'x' → 'y', 'h'"])
        #expect(ArchitectureDifference(try model(true), try model(true)).changes.isEmpty)
    }

    /// Which axis Keras 3 adds a bias along is a difference only where there is a choice.
    @Test func biasOfChannelsInFront() {
        func sentences(_ shape: SymbolicShape) -> [String] {
            func model(_ slips: Bool) -> ModelLayer {
                var layer = Conv1D(3, 2, dataFormat: .channelsFirst).named("c")
                layer.base.addsBiasAsTensorFlow = slips
                return ModelLayer(Architecture(sequential: "m", layers: [layer], input: InputLayer(batchShape: shape, name: "x")))
            }
            return ArchitectureDifference(model(false), model(true)).changes.map(\.sentence)
        }
        let told = "layer 'c': axis of the bias of the channels → as TensorFlow guesses"
        #expect(sentences([nil, 2, 4]) == [told] && sentences([nil, 2, nil]) == [told])
        #expect(sentences([nil, 2, 9]).isEmpty)
    }
}
