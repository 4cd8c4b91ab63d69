import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

@Suite struct InitializerTests {
    private func numbers(_ name: String, _ config: JSONObject = [:], _ shape: Shape = [40, 500], seed: UInt64 = 3) throws -> [Double] {
        try Initializer(className: name, config: config).tensor(shape, Philox(seed: seed)).scalars()
    }

    private func moments(_ numbers: [Double]) -> (mean: Double, deviation: Double) {
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        return (mean, (numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)).squareRoot())
    }

    /// The published known answers of Philox4x32-10 (Random123, `kat_vectors`).
    @Test func philoxGivesThePublishedNumbers() {
        #expect(Philox.rounds(SIMD4(repeating: 0), key: SIMD2(repeating: 0)) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            Philox.rounds(SIMD4(repeating: .max), key: SIMD2(repeating: .max)) == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            Philox.rounds(SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
        // Many blocks at once are those blocks, across 2³² too.
        let random = Philox(seed: 0x1234_5678_9ABC, stream: 5)
        for place in [0, 77, 0xFFFF_FFF8] as [UInt64] {
            var words = [UInt32](repeating: 0, count: 4 * Philox.lanes)
            words.withUnsafeMutableBufferPointer { random.words(from: place, attempt: 3, into: $0.baseAddress!) }
            for lane in 0..<Philox.lanes {
                let block = SIMD4((0..<4).map { words[$0 * Philox.lanes + lane] })
                #expect(block == random.words(place + UInt64(lane), attempt: 3))
            }
        }
    }

    struct Drawn: Sendable {
        let name: String
        let deviation: Double
        let bound: Double

        init(_ name: String, deviation: Double, bound: Double) {
            self.name = name
            self.deviation = deviation
            self.bound = bound
        }

        static func uniform(_ name: String, variance: Double) -> Drawn {
            Drawn(name, deviation: variance.squareRoot(), bound: (3 * variance).squareRoot())
        }

        /// What is left of a normal distribution within ±2 has 0.8796… of its deviation.
        static func truncated(_ name: String, variance: Double) -> Drawn {
            Drawn(name, deviation: variance.squareRoot(), bound: 2 / 0.8796256610342398 * variance.squareRoot())
        }

        /// Fans of (40, 500): 40 in, 500 out, 270 on average.
        static let all: [Drawn] = [
            .uniform("RandomUniform", variance: 0.05 * 0.05 / 3), Drawn("RandomNormal", deviation: 0.05, bound: .infinity),
            Drawn("TruncatedNormal", deviation: 0.05 * 0.8796256610342398, bound: 0.1), .uniform("GlorotUniform", variance: 1 / 270),
            .truncated("GlorotNormal", variance: 1 / 270), .uniform("HeUniform", variance: 2 / 40),
            .truncated("HeNormal", variance: 2 / 40),
            .uniform("LecunUniform", variance: 1 / 40), .truncated("LecunNormal", variance: 1 / 40),
            .truncated("VarianceScaling", variance: 1 / 40),
        ]
    }

    @Test(arguments: Drawn.all) func momentsAndBounds(_ expected: Drawn) throws {
        let (name, deviation, bound) = (expected.name, expected.deviation, expected.bound)
        let drawn = try numbers(name)
        let found = moments(drawn)
        #expect(abs(found.mean) < 0.03 * deviation && abs(found.deviation / deviation - 1) < 0.02, "\(found)")
        #expect(drawn.allSatisfy { abs($0) <= bound * 1.000001 })
        if bound.isFinite { #expect(drawn.contains { abs($0) > 0.98 * bound }) }
    }

    @Test func settingsCount() throws {
        let out = try numbers("VarianceScaling", ["scale": 2.0, "mode": "fan_out", "distribution": "uniform"])
        #expect(abs(moments(out).deviation / (2 / 500.0).squareRoot() - 1) < 0.02)
        #expect(out.allSatisfy { abs($0) <= (6 / 500.0).squareRoot() * 1.000001 })
        // A receptive field of 3 × 3 counts ninefold.
        let kernel = try numbers("HeNormal", [:], [3, 3, 16, 64])
        #expect(abs(moments(kernel).deviation / (2 / 144.0).squareRoot() - 1) < 0.03)
        #expect(moments(try numbers("RandomNormal", ["mean": 5.0, "stddev": 0.5])).mean > 4.98)
        #expect(try numbers("Constant", ["value": 1.5], [2]) == [1.5, 1.5])
        #expect(try numbers("Identity", ["gain": 2.0], [2, 3]) == [2, 0, 0, 0, 2, 0])
        #expect(try numbers("Zeros", [:], [2]) + numbers("Ones", [:], [2]) == [0, 0, 1, 1])
        #expect(throws: KerasError.self) { try numbers("VarianceScaling", ["mode": "fan"]) }
    }

    @Test(arguments: [[6, 4], [4, 6], [2, 3, 4], [2, 2, 9]]) func orthogonalIs(_ dims: [Int]) throws {
        let shape = Shape(dims)
        let q = try numbers("Orthogonal", ["gain": 2.0], shape)
        let columns = dims[dims.count - 1]
        let rows = shape.count / columns
        let isTall = rows >= columns
        for first in 0..<min(rows, columns) {
            for second in 0...first {
                let product = (0..<max(rows, columns)).reduce(0.0) {
                    $0 + (isTall ? q[$1 * columns + first] * q[$1 * columns + second] : q[first * columns + $1] * q[second * columns + $1])
                }
                #expect(abs(product - (first == second ? 4 : 0)) < 1e-5)
            }
        }
    }

    @Test func aSeedGivesTheSameBits() throws {
        let dense = Dense(8, name: "a").inputShape(5)
        var second = Dense(8, kernelInitializer: .heNormal, name: "b")
        second.base.dtype = DTypePolicy(.float16)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense, second])))
        let (one, again, other) = (
            try initialWeights(of: model, seed: 7), try initialWeights(of: model, seed: 7), try initialWeights(of: model, seed: 8)
        )
        let kernel = WeightID(layer: dense.id, index: 0)
        #expect(one.count == 4)
        #expect(try one.keys.allSatisfy { try one[$0]?.scalars(as: Float.self) == again[$0]?.scalars(as: Float.self) })
        #expect(try one[kernel]?.scalars(as: Float.self) != other[kernel]?.scalars(as: Float.self))
        #expect(one[WeightID(layer: second.id, index: 0)]?.dtype == .float16)
        // A seed of its own wins over the model's.
        let own = try Initializer(className: "HeNormal", config: ["seed": 1]).tensor([4], Philox(seed: 7)).scalars(as: Float.self)
        #expect(try own == Initializer(className: "HeNormal", config: ["seed": 1]).tensor([4], Philox(seed: 8)).scalars(as: Float.self))
    }

    @Test func unknownInitializersAreNamed() throws {
        let dense = Dense(8, kernelInitializer: Initializer(className: "Mine", config: [:]), name: "a").inputShape(5)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense])))
        let error = #expect(throws: KerasError.self) { try initialWeights(of: model, seed: 7) }
        #expect(
            error?.problems.first?.kind == .unsupported && error?.problems.first?.place.layer == "a"
                && error?.problems.first?.found == "Mine")
    }
}
