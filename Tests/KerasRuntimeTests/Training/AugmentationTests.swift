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

    /// The numbers below which so many hundredths of Keras's own draws lie have as many of ours below them; and what is drawn together is.
    @Test(arguments: AugmentationDraws.all) func isSpreadAsInKeras(_ test: AugmentationDraws) throws {
        let pixels = try test.drawn()
        for (pixel, bounds) in zip(pixels, test.bounds) where bounds.last! - bounds[0] > 1e-3 {
            for (bound, share) in zip(bounds, test.shares) {
                let below = Double(pixel.count { $0 <= bound }) / Double(pixel.count)
                #expect(abs(below - share) < 0.05)
            }
        }
        for (index, first) in pixels.enumerated() {
            for (other, second) in pixels.enumerated() {
                #expect(abs(correlation(first, second) - test.together[index][other]) < 0.1)
            }
        }
    }

    @Test func thereAreEnoughDraws() { #expect(AugmentationDraws.all.count > 25) }

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

    init?(_ json: JSON) {
        guard let dialect = json["dialect"]?.string.flatMap(Dialect.init), let name = json["class_name"]?.string,
            let config = json["config"]?.object
        else { return nil }
        self.init(dialect, name, config)
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

/// How far two series go together; 0 where one hardly moves.
private func correlation(_ first: [Double], _ second: [Double]) -> Double {
    let count = Double(first.count)
    let (a, b) = (first.reduce(0, +) / count, second.reduce(0, +) / count)
    let moments = zip(first, second).reduce(into: SIMD3<Double>()) { sum, pair in
        let (x, y) = (pair.0 - a, pair.1 - b)
        sum += [x * y, x * x, y * y]
    }
    let (x, y) = ((moments[1] / count).squareRoot(), (moments[2] / count).squareRoot())
    return x > 1e-3 && y > 1e-3 ? moments[0] / count / x / y : 0
}

/// What Keras drew for images of two slopes, seen at a few of their pixels.
struct AugmentationDraws: Sendable, CustomTestStringConvertible {
    private let layer: Augmented
    private let size: Int
    private let pixels: [[Int]]
    let shares: [Double]
    let bounds: [[Double]]
    let together: [[Double]]
    let testDescription: String

    static let all: [AugmentationDraws] = {
        guard let file = Augmentation.fixture("augmentation_draws.json") else { return [] }
        return (file["cases"]?.array ?? []).compactMap { AugmentationDraws($0, file) }
    }()

    private init?(_ json: JSON, _ file: JSON) {
        func table(_ json: JSON?) -> [[Double]] { (json?.array ?? []).map { ($0.array ?? []).compactMap(\.number) } }
        guard let layer = Augmented(json), let size = file["size"]?.integer, let shares = file["percent"]?.array else { return nil }
        (self.layer, self.size) = (layer, size)
        self.shares = shares.compactMap(\.number).map { $0 / 100 }
        pixels = table(file["pixels"]).map { $0.map { Int($0) } }
        (bounds, together) = (table(json["shares"]), table(json["together"]))
        testDescription = "\(layer.dialect.rawValue) \(layer.className) \(JSON.object(layer.config).serialized())"
    }

    /// Each pixel's numbers, in many images of a batch.
    func drawn() throws -> [[Double]] {
        let isFirst = layer.config["data_format"]?.string == "channels_first"
        let down = (0..<size).flatMap { [Float](repeating: Float($0), count: size) }
        let across = (0..<size).flatMap { _ in (0..<size).map(Float.init) }
        let image = isFirst ? across + down : zip(across, down).flatMap { [$0, $1] }
        let (count, length) = (768, image.count)
        let images = try Tensor((0..<count).flatMap { _ in image }, shape: isFirst ? [count, 2, size, size] : [count, size, size, 2])
        let found = try layer.augmented(images).reshaped(to: [count, length]).transposed([1, 0])
        return try pixels.map { pixel in
            let (row, column, slope) = (pixel[0], pixel[1], pixel[2])
            let place = isFirst ? (slope * size + row) * size + column : (row * size + column) * 2 + slope
            return try found[place..<place + 1].scalars(as: Double.self)
        }
    }
}

/// Images and what Keras made of them.
struct Augmentation: Sendable, CustomTestStringConvertible {
    private let made: Augmented
    let images: Tensor
    let result: Tensor
    let testDescription: String

    func layer() -> Augmented { made }

    static let all: [Augmentation] = (fixture("augmentation.json")?.array ?? []).compactMap(Augmentation.init)

    fileprivate static func fixture(_ name: String) -> JSON? {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        guard let data = try? Data(contentsOf: root.appending(path: "Fixtures/layers/\(name)")) else { return nil }
        return try? JSON(parsing: String(decoding: data, as: UTF8.self))
    }

    init?(_ json: JSON) {
        func tensor(_ numbers: String, _ shape: String) -> Tensor? {
            let values = (json[numbers]?.array ?? []).compactMap(\.number).map(Float.init)
            return try? Tensor(values, shape: Shape((json[shape]?.array ?? []).compactMap(\.integer)))
        }
        guard let made = Augmented(json), let images = tensor("images", "shape"), let result = tensor("result", "result_shape") else {
            return nil
        }
        self.made = made
        (self.images, self.result) = (images, result)
        testDescription = "\(made.dialect.rawValue) \(JSON.object(made.config).serialized())"
    }
}
