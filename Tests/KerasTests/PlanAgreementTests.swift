import Keras
import KerasRuntime
import Testing

/// What plans do to a model against the model run primitive by primitive on the generic kernels: every fixture that is a model, and
/// models with what the fixtures lack.
@Suite struct PlanAgreementTests {
    private static let fixtures = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures/"

    static let files = [
        "mnist_cnn_k315.h5", "generations/k224_seq.h5", "generations/tf24_seq.h5", "generations/k315_seq.h5", "generations/bf.h5",
        "broken/sound.h5", "summaries/any_size.k315.h5", "summaries/any_size.tfk221.h5", "summaries/branches.k315.h5",
        "summaries/branches.tfk221.h5", "summaries/frozen.k315.h5", "summaries/frozen.tfk221.h5", "summaries/mnist_cnn.tfk221.json",
        "summaries/trained.k315.h5", "summaries/trained.tfk221.h5",
    ]

    /// Folding changes the last bits, by 2e-6 of the largest number at most; with Winograd's algorithm by 1e-5.
    @Test(arguments: files + made.keys.sorted(), RuntimeOptions.Convolutions.allCases)
    func plansAgreeWithTheReference(name: String, convolutions: RuntimeOptions.Convolutions) throws {
        let subject = try Subject(name)
        let expected = try subject.run(RuntimeOptions(threads: 1, isa: nil, reference: true))
        let found = try subject.run(RuntimeOptions(threads: 1, reference: false, convolutions: convolutions))
        #expect(found.map(\.shape) == expected.map(\.shape))
        var worst = 0.0
        for (found, expected) in zip(found, expected) {
            let (a, b) = (try found.scalars(as: Double.self), try expected.scalars(as: Double.self))
            let largest = b.reduce(0) { max($0, abs($1)) }
            #expect(largest > 0 && largest.isFinite)
            let differences = zip(a, b).map { $0 == $1 ? 0 : abs($0 - $1) / largest }
            worst = differences.reduce(worst) { $1.isNaN ? .infinity : max($0, $1) }
        }
        print("plan against reference, \(name), \(convolutions): \(worst) of the largest number")
        #expect(worst <= (subject.isHalf ? 1.0 / 64 : convolutions == .direct ? 2e-6 : 1e-5))
    }

    /// What is fused gives the bits it gives alone, and so does every number of threads.
    @Test(arguments: files + made.keys.sorted(), RuntimeOptions.Convolutions.allCases)
    func fusionAndThreadsKeepTheBits(name: String, convolutions: RuntimeOptions.Convolutions) throws {
        let subject = try Subject(name)
        var options = RuntimeOptions(threads: 1, reference: false, convolutions: convolutions)
        let expected = try subject.run(options).map(bits)
        for threads in [2, 3] {
            options.threads = threads
            #expect(try subject.run(options).map(bits) == expected, "\(threads) threads")
        }
        for fusions: Fusions in [
            [], .all.subtracting(.activations), .all.subtracting(.addends), .all.subtracting(.pooling), .all.subtracting(.separable),
            .all.subtracting(.projections),
        ] {
            options.fusions = fusions
            #expect(try subject.run(options).map(bits) == expected, "fusions \(fusions.rawValue)")
        }
    }

    // MARK: Models

    /// A model, and data for it.
    private struct Subject {
        let model: ModelSnapshot
        let inputs: [Tensor]

        init(_ name: String) throws {
            let loaded = try PlanAgreementTests.made[name].map { try $0() } ?? Model.load(fixtures + name)
            if PlanAgreementTests.made[name] != nil {
                // Statistics, scales and biases far from 0 and 1.
                try loaded.setWeights(try loaded.getWeights().map { $0.rank == 1 ? try numbers($0.shape, 0.5...1.5) : $0 })
            }
            model = try loaded.snapshot()
            let pixels = name.contains("mnist") || name.hasPrefix("pooled")
            inputs = try model.built.inputShapes.map { shape in
                try numbers(Shape(shape.dims.enumerated().map { $1 ?? ($0 == 0 ? 5 : 12) }), pixels ? 0...255 : -1...1)
            }
        }

        func run(_ options: RuntimeOptions) throws -> [Tensor] {
            let model = model
            let predictor = Predictor(weights: model.weights, options: options) { try model.built.lowered(for: $0) }
            return try predictor.predict(model.built.fitted(inputs))
        }

        /// Half precision rounds after each primitive, wherever the last bits of single precision fall.
        var isHalf: Bool { model.weights.values.contains { $0.dtype == .bfloat16 || $0.dtype == .float16 } }
    }

    private static func numbers(_ shape: Shape, _ range: ClosedRange<Float>) throws -> Tensor {
        var state = UInt64(shape.count)
        return try Tensor(
            (0..<shape.count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return range.lowerBound + (range.upperBound - range.lowerBound) * Float(state >> 40) / Float(1 << 24)
            }, shape: shape)
    }

    static let made: [String: @Sendable () throws -> Model] = [
        "residual blocks": {
            let image = Input(24, 24, 3)
            var x = Conv2D(16, (3, 3), padding: .same)(Rescaling(1 / 127.5, offset: -1)(image))
            x = MaxPooling2D((3, 3), strides: (2, 2))(ZeroPadding2D((1, 1))(ReLU()(BatchNormalization()(x))))
            for filters in [16, 32] {
                let shortcut = BatchNormalization()(Conv2D(filters, (1, 1))(x))
                var y = ReLU()(BatchNormalization()(Conv2D(filters, (3, 3), padding: .same)(x)))
                y = BatchNormalization()(Conv2D(filters, (3, 3), padding: .same)(y))
                x = ReLU()(Add()([shortcut, y]))
                x = Activation(.silu)(Add()([Conv2D(filters, (3, 3), padding: .same)(x), x]))
            }
            x = GlobalAveragePooling2D()(x)
            x = Add()([Dense(32)(x), x])
            return try Model(inputs: image, outputs: Dense(7)(x), seed: 1)
        },
        "dense blocks": {
            let image = Input(20, 20, 8)
            var x = image
            for _ in 0..<3 {
                let y = Conv2D(8, (3, 3), padding: .same)(ReLU()(BatchNormalization()(x)))
                x = Concatenate()([x, y])
            }
            x = BatchNormalization()(Activation(.gelu)(BatchNormalization()(x)))
            return try Model(inputs: image, outputs: AveragePooling2D((2, 2))(x), seed: 2)
        },
        "inverted residuals": {
            let image = Input(21, 21, 6)
            var x = image
            for _ in 0..<2 {
                var y = ReLU(maxValue: 6)(BatchNormalization()(Conv2D(36, (1, 1), useBias: false)(x)))
                y = ReLU(maxValue: 6)(BatchNormalization()(DepthwiseConv2D((3, 3), padding: .same, useBias: false)(y)))
                x = Add()([x, BatchNormalization()(Conv2D(6, (1, 1), useBias: false)(y))])
            }
            x = DepthwiseConv2D((3, 3), strides: (2, 2))(ZeroPadding2D(((0, 1), (0, 1)))(x))
            return try Model(inputs: image, outputs: Conv2D(12, (3, 3), groups: 3)(x), seed: 3)
        },
        "pooled convolutions": {
            let image = Input(29, 30, 3)
            var x = Rescaling(1.0 / 255)(image)
            for (filters, activation) in [(16, ActivationFunction.relu), (48, .linear), (40, .tanh)] {
                x = MaxPooling2D((2, 2))(Conv2D(filters, (3, 3), padding: .same, activation: activation)(x))
            }
            return try Model(inputs: image, outputs: Dense(5)(Flatten()(x)), seed: 4)
        },
        "channels first": {
            let image = Input(3, 17, 16)
            var x = Conv2D(8, (3, 3), dataFormat: .channelsFirst)(image)
            x = LeakyReLU()(BatchNormalization(axis: 1)(x))
            x = Add()([x, Conv2D(8, (3, 3), padding: .same, dataFormat: .channelsFirst)(x)])
            x = MaxPooling2D((2, 2), dataFormat: .channelsFirst)(ReLU()(x))
            x = Conv2DTranspose(5, (3, 3), strides: (2, 2), dataFormat: .channelsFirst)(x)
            return try Model(inputs: image, outputs: ReLU()(x), seed: 5)
        },
    ]
}
