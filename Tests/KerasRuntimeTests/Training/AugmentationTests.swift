import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What layers that change images make of them in a step of training: Keras's own images where a range leaves no choice, and its distributions
/// where there is one.
@Suite struct AugmentationTests {
    @Test(arguments: Augmentation.all) func withoutChoiceAsInKeras(_ test: Augmentation) throws {
        let found = try test.layer().augmented(test.images)
        #expect(found.shape == test.result.shape)
        let far = zip(try found.scalars(as: Double.self), try test.result.scalars(as: Double.self)).map { abs($0 - $1) }.max() ?? 0
        #expect(far <= 2e-5)
    }

    @Test func thereAreEnoughOfThem() { #expect(Augmentation.all.count > 100) }

    /// Images of four pixels, each way of which can be told.
    @Test(arguments: [Dialect.keras3, .tfKeras]) func imagesAreMirroredInHalfOfTheCases(_ dialect: Dialect) throws {
        let count = 4000
        let images = try Tensor((0..<count).flatMap { _ in [Float(0), 1, 2, 3] }, shape: [count, 2, 2, 1])
        let layer = Augmented(dialect, "RandomFlip", ["mode": "horizontal_and_vertical", "seed": nil])
        let found = try layer.augmented(images).scalars(as: Double.self)
        let firsts = stride(from: 0, to: 4 * count, by: 4).map { found[$0] }
        let shares = (0..<4).map { first in Double(firsts.count { $0 == Double(first) }) / Double(count) }
        // Keras 3 draws once for both directions.
        let wanted = dialect == .keras3 ? [0.5, 0, 0, 0.5] : [0.25, 0.25, 0.25, 0.25]
        for (share, wanted) in zip(shares, wanted) { #expect(abs(share - wanted) < 0.03) }
    }

    @Test func eachImageHasABrightnessOfItsOwn() throws {
        let count = 4000
        let images = try Tensor([Float](repeating: 0.5, count: 2 * count), shape: [count, 1, 2, 1])
        let layer = Augmented(.keras3, "RandomBrightness", ["factor": [-0.1, 0.3], "value_range": [0, 1]])
        try Self.expectEven(try layer.augmented(images), count, from: 0.4, to: 0.8)
    }

    /// Keras 3 draws a factor for each image, tf.keras one for the batch.
    @Test(arguments: [Dialect.keras3, .tfKeras]) func contrastIsDrawn(_ dialect: Dialect) throws {
        let count = 4000
        let images = try Tensor((0..<count).flatMap { _ in [Float(99), 101] }, shape: [count, 1, 2, 1])
        let words: JSONObject = ["factor": [0.25, 0.5]]
        let found = try Augmented(dialect, "RandomContrast", words).augmented(images).scalars(as: Double.self)
        let factors = stride(from: 0, to: 2 * count, by: 2).map { (found[$0 + 1] - found[$0]) / 2 }
        guard dialect == .keras3 else {
            #expect(factors.allSatisfy { abs($0 - factors[0]) < 1e-5 && $0 > 0.74 && $0 < 1.51 })
            return
        }
        try Self.expectEven(
            try Tensor(factors.flatMap { [Float($0), Float($0)] }, shape: [count, 1, 2, 1]), count, from: 0.75, to: 1.5)
    }

    /// Every part of an image is cut now and then, the same of all images of a batch.
    @Test func aPartIsCutAnywhere() throws {
        let images = try Tensor((0..<2).flatMap { _ in (0..<20).map(Float.init) }, shape: [2, 4, 5, 1])
        var corners: Set<Double> = []
        for step in 0..<200 {
            let found = try Augmented(.keras3, "RandomCrop", ["height": 2, "width": 3, "seed": nil]).augmented(images, step: step)
            let numbers = try found.scalars(as: Double.self)
            #expect(found.shape == [2, 2, 3, 1])
            #expect(numbers.prefix(6).elementsEqual(numbers.suffix(6)))
            #expect(zip(numbers, [0, 1, 2, 5, 6, 7]).allSatisfy { $0 - numbers[0] == $1 })
            corners.insert(numbers[0])
        }
        #expect(corners == [0, 1, 2, 5, 6, 7, 10, 11, 12])
    }

    @Test func whatIsNotTrainedIsRefusedByName() {
        #expect(throws: KerasError.self) { try Augmented(.keras3, "RandomHue", ["factor": 0.5]).augmented(Tensor(zeros: [1, 2, 2, 3])) }
    }

    /// The first number of each image is even over a range: its mean and its spread are those.
    private static func expectEven(_ images: Tensor, _ count: Int, from low: Double, to high: Double) throws {
        let all = try images.scalars(as: Double.self)
        let firsts = stride(from: 0, to: all.count, by: all.count / count).map { all[$0] }
        let mean = firsts.reduce(0, +) / Double(count)
        let spread = (firsts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
        #expect(firsts.allSatisfy { $0 > low - 1e-5 && $0 < high + 1e-5 })
        #expect(abs(mean - (low + high) / 2) < 0.02 * (high - low))
        #expect(abs(spread - (high - low) / 12.0.squareRoot()) < 0.02 * (high - low))
    }
}

/// A layer in a Keras's words.
struct Augmented: Sendable {
    let dialect: Dialect
    let className: String
    let config: JSONObject

    init(_ dialect: Dialect, _ className: String, _ config: JSONObject) {
        (self.dialect, self.className) = (dialect, className)
        self.config = JSONObject([("name", "layer")] + config.keys.map { ($0, config[$0] ?? .null) })
    }

    /// What a step of training makes of images.
    func augmented(_ images: Tensor, step: Int = 3) throws -> Tensor {
        let type = try #require(LayerRegistry.keras[className])
        let layer = try type.decoded(config, in: DecodingContext(dialect: dialect, registry: .keras))
        let input = InputLayer(batchShape: SymbolicShape(images.shape), name: "input")
        let (first, last) = (Tree.leaf(TensorRef(layer: input.id)), Tree.leaf(TensorRef(layer: layer.id)))
        let model = try BuiltModel(
            ModelLayer(
                Architecture(
                    functional: "model", layers: [input, layer], calls: [input.id: [Call([])], layer.id: [Call([first])]], inputs: first,
                    outputs: last)))
        let lowered = try model.loweredModel(for: [images.shape], phase: .train)
        let options = RuntimeOptions(threads: 2, reference: false)
        let program = try Executable(graph: lowered.graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        return try program.run([images] + (lowered.isRandom ? [Tensor([Int32(7), 0, Int32(step), 0])] : []))[0]
    }
}

/// Images and what Keras made of them.
struct Augmentation: Sendable, CustomTestStringConvertible {
    private let made: Augmented
    let images: Tensor
    let result: Tensor
    let testDescription: String

    func layer() -> Augmented { made }

    static let all: [Augmentation] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        guard let data = try? Data(contentsOf: root.appending(path: "Fixtures/layers/augmentation.json")),
            let json = try? JSON(parsing: String(decoding: data, as: UTF8.self))
        else { return [] }
        return (json.array ?? []).compactMap(Augmentation.init)
    }()

    init?(_ json: JSON) {
        func tensor(_ numbers: String, _ shape: String) -> Tensor? {
            let values = (json[numbers]?.array ?? []).compactMap(\.number).map(Float.init)
            return try? Tensor(values, shape: Shape((json[shape]?.array ?? []).compactMap(\.integer)))
        }
        guard let dialect = json["dialect"]?.string.flatMap(Dialect.init), let name = json["class_name"]?.string,
            let config = json["config"]?.object, let images = tensor("images", "shape"), let result = tensor("result", "result_shape")
        else { return nil }
        made = Augmented(dialect, name, config)
        (self.images, self.result) = (images, result)
        testDescription = "\(dialect.rawValue) \(JSON.object(config).serialized())"
    }
}
