import Foundation
import JSON
import Tensors
import Testing

@testable import KerasModel

/// Convolutions, pooling and reshaping, where the golden shapes do not reach.
@Suite struct WindowLayerTests {
    @Test func theUsualWaysToMakeThem() throws {
        let conv = Conv2D(32, (3, 3), strides: (2, 2), padding: .same, activation: .relu, name: "c")
        #expect(conv.kernelSize == [3, 3] && conv.strides == [2, 2] && conv.filters == 32 && conv.name == "c")
        #expect(Conv2D(32, 3).kernelSize == [3, 3])
        #expect(Conv1D(8, 5, padding: .causal).kernelSize == [5])
        #expect(MaxPooling2D().poolSize == [2, 2] && MaxPooling2D(3).poolSize == [3, 3] && MaxPooling2D((2, 3)).poolSize == [2, 3])
        #expect(MaxPooling2D((2, 3)).strides == nil && AveragePooling3D(2, strides: 1).strides == [1, 1, 1])
        #expect(ZeroPadding2D(((1, 2), (3, 4))).padding == [Edges(1, 2), Edges(3, 4)])
        #expect(ZeroPadding2D((1, 2)).padding == [Edges(1, 1), Edges(2, 2)] && ZeroPadding1D((1, 2)).padding == [Edges(1, 2)])
        #expect(Reshape(-1, 8).targetShape == [-1, 8] && Permute(2, 1).dims == [2, 1])
        #expect(try Conv2DTranspose(3, 2, strides: 2).outputShapes([[nil, nil, 4, 1]]) == [[nil, nil, 8, 3]])
        #expect(Conv2D(1, 3).id != Conv2D(1, 3).id)
    }

    @Test(arguments: [
        (#"{"filters": 2, "kernel_size": [0, 3]}"#, Problem.Kind.malformed), (#"{"filters": 2, "kernel_size": [3]}"#, .malformed),
        (#"{"filters": 2, "kernel_size": 4611686018427387904}"#, .malformed), (#"{"filters": 0, "kernel_size": 3}"#, .malformed),
        (#"{"filters": 2}"#, .malformed), (#"{"filters": 2, "kernel_size": 3, "strides": -1}"#, .malformed),
        (#"{"filters": 2, "kernel_size": 3, "groups": 0}"#, .malformed), (#"{"filters": 2, "kernel_size": 3, "groups": 3}"#, .mismatch),
        (#"{"filters": 2, "kernel_size": 3, "padding": "causal"}"#, .mismatch), (#"{"filters": 2, "kernel_size": 9}"#, .mismatch),
        (#"{"filters": 2, "kernel_size": 2, "strides": 2, "dilation_rate": 2}"#, .mismatch),
        (#"{"filters": 2147483647, "kernel_size": [2147483647, 2147483647], "padding": "same"}"#, .resource),
    ])
    func whatCannotBeIsRefused(_ config: String, _ kind: Problem.Kind) throws {
        let error = try #require(throws: KerasError.self) {
            let layer = try Conv2D.decoded(try #require(JSON(parsing: Array(config.utf8)).object), in: context(.keras3))
            _ = try layer.outputShapes([[nil, 8, 8, 4]])
            _ = try layer.weights([[nil, 8, 8, 4]])
        }
        #expect(error.problems.map(\.kind) == [kind])
    }

    @Test func lengthsThatOverflowAreRefused() throws {
        let huge = SymbolicShape([nil, 1 << 46, 1 << 46, 4])
        #expect(throws: KerasError.self) { try UpSampling2D(1 << 30).outputShapes([huge]) }
        #expect(throws: KerasError.self) { try Conv2DTranspose(1, 1, strides: 1 << 30).outputShapes([huge]) }
        #expect(throws: KerasError.self) { try Flatten().outputShapes([huge]) }
        #expect(throws: KerasError.self) { try Reshape(-1).outputShapes([huge]) }
        #expect(throws: KerasError.self) { try DepthwiseConv2D(1, depthMultiplier: 1 << 30).outputShapes([[nil, 1, 1, 1 << 30]]) }
        #expect(throws: KerasError.self) { try MaxPooling2D(2, strides: 0).outputShapes([[nil, 8, 8, 4]]) }
        #expect(throws: KerasError.self) { try Cropping1D(4).outputShapes([[nil, 8, 4]]) }
        #expect(throws: KerasError.self) { try ZeroPadding1D(-1).outputShapes([[nil, 8, 4]]) }
        #expect(throws: KerasError.self) { try Interpolation.bilinear.matrix(from: 1 << 30, to: 1 << 31) }
    }

    @Test func whatADialectCannotSayIsRefused() throws {
        let keras2 = EncodingContext(dialect: .keras2), tf = EncodingContext(dialect: .tfKeras)
        #expect(throws: KerasError.self) { try Conv2D(4, 3, groups: 2).encoded(in: keras2) }
        #expect(throws: KerasError.self) { try GlobalMaxPooling2D(keepDims: true).encoded(in: keras2) }
        #expect(throws: KerasError.self) { try Conv3DTranspose(4, 3, dilationRate: 2).encoded(in: tf) }
        #expect(throws: KerasError.self) { try ZeroPadding1D(1, dataFormat: .channelsFirst).encoded(in: tf) }
        #expect(throws: KerasError.self) { try UpSampling2D(2, interpolation: .bilinear).encoded(in: keras2) }
        #expect(throws: KerasError.self) { try UpSampling2D(2, interpolation: .bilinearAsymmetric).encoded(in: tf) }
        #expect(throws: KerasError.self) { try UpSampling2D(2, interpolation: .gaussian).encoded(in: EncodingContext(dialect: .keras3)) }
        #expect(try Conv2D(4, 3).encoded(in: keras2)["groups"] == nil)
    }

    @Test func olderWordsKeepTheirMeaning() throws {
        let up = try UpSampling2D.decoded(["size": 3, "interpolation": "bilinear"], in: context(.keras2))
        #expect(up.interpolation == .bilinearAsymmetric && up.size == [3, 3])
        #expect(try UpSampling2D.decoded(["size": 3], in: context(.keras2)).interpolation == .nearest)
        let pool = try MaxPooling2D.decoded(["pool_size": 3, "strides": nil], in: context(.keras2))
        #expect(pool.strides == nil)
        #expect(try pool.encoded(in: EncodingContext(dialect: .keras2))["strides"] == [3, 3])
        #expect(try ZeroPadding2D.decoded(["padding": [1, 2]], in: context(.keras2)).padding == [Edges(1, 1), Edges(2, 2)])
        #expect(try ZeroPadding2D.decoded(["padding": 1], in: context(.keras3)).padding == [Edges(1, 1), Edges(1, 1)])
    }

    /// As in tf.keras and Keras 3: the numbers do not hang on it, and it goes no further.
    @Test(arguments: [Flatten(name: "f"), Conv1D(2, 3, name: "c"), GlobalMaxPooling1D(name: "p")] as [any Layer])
    func aMaskFallsAtALayerThatDropsIt(_ layer: any Layer) throws {
        let layers: [any Layer] = [Embedding(9, 4, maskZero: true, name: "e"), layer, Softmax(name: "s")]
        let model = Architecture(sequential: "model", layers: layers, input: InputLayer(batchShape: [nil, 5], name: "input"))
        #expect(try BuiltModel(ModelLayer(model)).lowered(for: [[2, 5]]).outputs.count == 1)
    }

    @Test func everyInterpolationIsTensorFlows() throws {
        let file = package.appending(path: "Fixtures/layers/interpolations.json")
        for row in try #require(JSON(parsing: [UInt8](Data(contentsOf: file))).array) {
            let interpolation = try #require(row["interpolation"]?.string.flatMap(Interpolation.init))
            let matrix = try interpolation.matrix(from: #require(row["from"]?.integer), to: #require(row["to"]?.integer))
            let theirs = try #require(row["matrix"]?.array).compactMap(\.number)
            #expect(matrix.count == theirs.count)
            let worst = zip(matrix, theirs).map { abs($0 - $1) }.max() ?? 0
            #expect(worst < 2e-6, "\(interpolation) \(row["from"]!) to \(row["to"]!)")
        }
    }

    private func context(_ dialect: Dialect) -> DecodingContext { DecodingContext(dialect: dialect, registry: .keras) }
}
