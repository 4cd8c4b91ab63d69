import KerasModel
import Storage
import Tensors
import Testing

@testable import KerasFormat

/// The export to ONNX. What it means is for ONNX's own libraries to judge (`make interop`); here: that it is made, always alike, or refused by
/// name.
@Suite struct ONNXTests {
    private func export(_ inputs: [SymbolicTensor], _ outputs: [SymbolicTensor]) throws -> [UInt8] {
        let built = try BuiltModel(ModelLayer(try Architecture(name: "m", inputs: inputs, outputs: outputs)))
        let weights = Dictionary(
            uniqueKeysWithValues: try built.allWeights(of: built.root).map { ($0.id, try Tensor(zeros: $0.spec.shape)) })
        return try ONNX.export(built, weights: weights).joined().withUnsafeBytes { Array($0) }
    }

    /// How often the file names this operator.
    private func count(_ type: String, _ bytes: [UInt8]) -> Int {
        let field: [UInt8] = [0x22, UInt8(type.utf8.count)] + Array(type.utf8)
        return bytes.indices.filter { bytes[$0...].starts(with: field) }.count
    }

    /// Numbers, texts and messages as protobuf's own description writes them.
    @Test func encoding() throws {
        var inner = ProtobufMessage()
        inner.add(1, 150)
        var message = ProtobufMessage()
        message.add(2, "testing")
        message.add(3, inner)
        message.add(4, -1)
        message.add(5, Float(1))
        message.add(6, elements: try Tensor([UInt8(7), 8]))
        let bytes = try message.encoded().joined().withUnsafeBytes { Array($0) }
        #expect(bytes.count == message.count)
        let expected: [[UInt8]] = [
            [0x12, 0x07], Array("testing".utf8), [0x1A, 0x03, 0x08, 0x96, 0x01], [0x20] + [UInt8](repeating: 0xFF, count: 9) + [0x01],
            [0x2D, 0, 0, 0x80, 0x3F], [0x32, 2, 7, 8],
        ]
        #expect(bytes == expected.flatMap { $0 })
    }

    /// Between convolutions nothing is transposed: once at the start, once where the map is laid flat.
    @Test func transpositionsMeet() throws {
        let x = Input(8, 8, 3, name: "x")
        var y = Conv2D(4, (3, 3), padding: .same, activation: .relu)(x)
        y = BatchNormalization()(y)
        y = MaxPooling2D((2, 2))(y)
        y = Add()([y, Conv2D(4, (1, 1))(y)])
        let flat = try export([x], [Dense(2)(Flatten()(y))])
        #expect(count("Conv", flat) == 2 && count("Transpose", flat) == 2)
        let pooled = try export([x], [Dense(2)(GlobalAveragePooling2D()(y))])
        #expect(count("Transpose", pooled) == 1)
    }

    /// What keeps ONNX Runtime from passing over zeros that were put round an image: see ``ONNXExporter``.
    @Test func maximaOfPaddedImages() throws {
        let x = Input(8, 8, 3, name: "x")
        let names = String(decoding: try export([x], [MaxPooling2D((2, 2), name: "pool")(ZeroPadding2D(1)(x))]), as: UTF8.self)
        #expect(names.contains("pool/MaxPool:1"))
        let plain = String(decoding: try export([x], [MaxPooling2D((2, 2), name: "pool")(x)]), as: UTF8.self)
        #expect(!plain.contains("pool/MaxPool:1"))
    }

    @Test func sameBytes() throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/mnist_cnn_k315.h5")
        let built = try BuiltModel(saved.root)
        let files = try (0..<2).map { _ in try ONNX.export(built, weights: saved.weights).joined().withUnsafeBytes { Array($0) } }
        #expect(files[0] == files[1] && files[0].count > 370_000)
    }

    /// Lengths that a model leaves open keep a name; what hangs on them is computed, or refused.
    @Test func openLengths() throws {
        let x = Input(nil, nil, 3, name: "image")
        let map = Conv2D(2, (3, 3), strides: (2, 2), padding: .same)(x)
        let text = String(decoding: try export([x], [Reshape(-1, 2)(map)]), as: UTF8.self)
        #expect(text.contains("image_length_1") && text.contains("SAME_UPPER"))
        let error = #expect(throws: KerasError.self) { try export([x], [UpSampling2D((2, 2), interpolation: .bilinear)(x)]) }
        #expect(error?.problems.first?.kind == .unsupported)
    }

    /// A loop is ONNX's own, and sees the weights from outside.
    @Test func loops() throws {
        let x = Input(nil, 4, name: "steps")
        #expect(count("Scan", try export([x], [LSTM(3)(x)])) == 1)
        #expect(count("Scan", try export([x], [Bidirectional(GRU(3, returnSequences: true))(x)])) == 2)
    }
}
