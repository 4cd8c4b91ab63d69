import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// A 3 × 3 convolution with constant weights, and what may follow it.
private struct Problem: CustomStringConvertible {
    enum Ending: CaseIterable { case nothing, relu, tanh, pool, residual }
    var images: Int, height: Int, width: Int, channels: Int, filters: Int
    var isSame: Bool
    var ending: Ending

    var description: String { "\(images) × \(height) × \(width) × \(channels) to \(filters) \(isSame ? "same" : "valid"), \(ending)" }

    static let all: [Problem] = [
        (1, 14, 14, 16, 24), (3, 13, 13, 32, 64), (2, 9, 7, 20, 33), (17, 5, 5, 64, 64), (1, 6, 6, 64, 300), (2, 30, 31, 16, 16),
        (1, 6, 6, 130, 200),
    ].flatMap { images, height, width, channels, filters in
        Ending.allCases.map {
            Problem(
                images: images, height: height, width: width, channels: channels, filters: filters, isSame: height % 2 == 0, ending: $0)
        }
    }

    func executable(_ images: Int, _ options: RuntimeOptions) throws -> Executable {
        var graph = OpGraph()
        let padding = isSame ? Edges(1, 1) : .none
        let x = graph.input(shape: [images, height, width, channels], dtype: .float32)
        let kernel = graph.constant(try random([3, 3, channels, filters], seed: 2, scale: 1 / Float(9 * channels).squareRoot()))
        let bias = graph.constant(try random([filters], seed: 3, scale: 1))
        let convolution = Convolution(strides: [1, 1], dilation: [1, 1], padding: [padding, padding])
        var y = try graph.emit(.convolution(convolution), [x, kernel, bias], layer: "conv")
        switch ending {
        case .nothing: break
        case .relu: y = try graph.emit(.unary(.relu()), [y], layer: "relu")
        case .tanh: y = try graph.emit(.unary(.tanh), [y], layer: "tanh")
        case .pool:
            y = try graph.emit(.unary(.relu()), [y], layer: "relu")
            let pool = Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])
            y = try graph.emit(.pool(pool), [y], layer: "pool")
        case .residual:
            let other = graph.input(shape: y.shape, dtype: .float32)
            y = try graph.emit(.binary(.add), [y, other], layer: "add")
            y = try graph.emit(.unary(.relu()), [y], layer: "relu")
        }
        graph.outputs = [y.id]
        return try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
    }

    func inputs() throws -> [Tensor] {
        let image = try random([images, height, width, channels], seed: 1, scale: 1)
        let cut = isSame ? 0 : 2
        return ending == .residual ? [image, try random([images, height - cut, width - cut, filters], seed: 4, scale: 1)] : [image]
    }
}

private func random(_ shape: Shape, seed: Int, scale: Float) throws -> Tensor {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    return try Tensor(
        (0..<shape.count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return (Float(state >> 40) / Float(1 << 23) - 1) * scale
        }, shape: shape)
}

@Suite struct ConvolutionAlgorithmTests {
    private func algorithms(_ executable: Executable, _ inputs: [Tensor]) throws -> [String] {
        try executable.profile(inputs).map(\.op)
    }

    /// The stated error: 1e-5 of the largest result, against every primitive alone on the generic kernels.
    @Test func agreesWithTheReference() throws {
        var worst = 0.0
        var chosen: Set<String> = []
        for problem in Problem.all {
            let inputs = try problem.inputs()
            let expected = try problem.executable(problem.images, RuntimeOptions(threads: 1, reference: true)).run(inputs)[0]
                .scalars(as: Double.self)
            let largest = expected.reduce(0) { max($0, abs($1)) }
            for options in everyOptions {
                for way in RuntimeOptions.Convolutions.allCases {
                    var options = options
                    options.convolutions = way
                    let executable = try problem.executable(problem.images, options)
                    let found = try executable.run(inputs)[0].scalars(as: Double.self)
                    let apart = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
                    worst = max(worst, apart)
                    #expect(found.count == expected.count && apart < 1e-5, "\(problem) \(options)")
                    let names = try algorithms(executable, inputs)
                    if way == .direct { #expect(!names.contains { $0.contains("Winograd") }) }
                    chosen.formUnion(names.filter { $0.contains("Winograd") })
                }
            }
        }
        print("largest difference from the reference: \(worst) of the largest value")
        for size in [2, 3, 4] { #expect(chosen.contains { $0.contains("Winograd \(size) × \(size)") }, "\(chosen)") }
    }

    /// What the kernel gets, over few and many tiles, with edges cut and channels that leave lanes empty; the same bits for all thread counts.
    @Test func kernelGradientsAgreeWithTheReference() throws {
        let problems: [(images: Int, side: Int, channels: Int, filters: Int, padding: Edges)] = [
            (3, 6, 70, 130, Edges(1, 1)), (32, 13, 16, 24, .none), (40, 6, 20, 33, .none), (80, 4, 40, 48, .none),
            (2, 30, 12, 16, Edges(1, 1)),
            (3, 9, 33, 17, Edges(2, 1)), (1, 4, 96, 64, .none),
        ]
        var (worst, chosen) = (0.0, Set<String>())
        for problem in problems {
            let length = problem.side + problem.padding.total - 2
            let x = try random([problem.images, problem.side, problem.side, problem.channels], seed: 1, scale: 1)
            let dy = try random([problem.images, length, length, problem.filters], seed: 2, scale: 1)
            var graph = OpGraph()
            let operands = [x, dy].map { graph.input(shape: $0.shape, dtype: .float32) }
            let convolution = Convolution(strides: [1, 1], dilation: [1, 1], padding: [problem.padding, problem.padding])
            graph.outputs = [try graph.emit(.convolutionKernelGradient(convolution, kernel: [3, 3]), operands, layer: "conv").id]
            let executable = { try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: $0) }
            let expected = try executable(RuntimeOptions(threads: 1, reference: true)).run([x, dy])[0].scalars(as: Double.self)
            let largest = expected.reduce(0) { max($0, abs($1)) }
            var bits: [String?: [Float]] = [:]
            for options in everyOptions where !options.reference {
                let made = try executable(options)
                let found = try made.run([x, dy])[0]
                let apart = zip(try found.scalars(as: Double.self), expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
                worst = max(worst, apart)
                #expect(apart < 5e-6, "\(problem) \(options)")
                let numbers = try found.scalars(as: Float.self)
                #expect(bits[options.isa, default: numbers] == numbers, "\(problem) \(options)")
                bits[options.isa] = numbers
                chosen.formUnion(try algorithms(made, [x, dy]))
            }
        }
        print("kernel gradients: largest difference from the reference: \(worst) of the largest value")
        for size in [2, 3, 4] { #expect(chosen.contains("kernel gradient, Winograd \(size) × \(size)"), "\(chosen)") }
        #expect(chosen.contains("kernel gradient") && chosen.contains("sum"), "\(chosen)")
    }

    /// An image's bits hang neither on the images beside it nor on the parts that threads take.
    @Test func sameBitsAloneAndTogether() throws {
        for problem in Problem.all where problem.images > 1 {
            for options in everyOptions where !options.reference {
                let inputs = try problem.inputs()
                let together = try problem.executable(problem.images, options).run(inputs)[0]
                let alone = try problem.executable(1, options)
                for image in 0..<problem.images {
                    let one = try alone.run(inputs.map { $0[image..<(image + 1)] })[0]
                    #expect(
                        try one.scalars(as: Float.self) == together[image..<(image + 1)].scalars(as: Float.self), "\(problem) \(options)")
                }
            }
        }
    }

    /// A depthwise convolution inside the 1 × 1 convolution that follows it, and outside.
    @Test(arguments: [1, 2]) func separableGivesTheSameBits(stride: Int) throws {
        var graph = OpGraph()
        let x = graph.input(shape: [2, 96 * stride, 90 * stride, 64], dtype: .float32)
        let numbers = { (shape: Shape) in
            try Tensor((0..<shape.count).map { Float(($0 * 7919) % 1009) / 1009 - 0.5 }, shape: shape)
        }
        let depthwise = Convolution(strides: [stride, stride], dilation: [1, 1], padding: [Edges(1, 1), Edges(0, 2)], groups: 64)
        var y = try graph.emit(
            .convolution(depthwise), [x, graph.constant(try numbers([3, 3, 1, 64])), graph.constant(try numbers([64]))], layer: "depthwise")
        y = try graph.emit(.unary(.relu(maximum: 6)), [y], layer: "relu")
        let pointwise = Convolution(strides: [1, 1], dilation: [1, 1], padding: [.none, .none])
        y = try graph.emit(.convolution(pointwise), [y, graph.constant(try numbers([1, 1, 64, 40]))], layer: "pointwise")
        graph.outputs = [y.id]
        for options in everyOptions where !options.reference {
            let executables = try [Fusions.all, Fusions.all.subtracting(.separable)].map { fusions in
                var options = options
                options.fusions = fusions
                return try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
            }
            let input = try numbers([2, 96 * stride, 90 * stride, 64])
            let results = try executables.map { try $0.run([input])[0].scalars(as: Float.self) }
            #expect(results[0] == results[1], "\(options)")
            #expect(try executables.map { try $0.profile([input]).count } == [1, 2])
        }
    }
}
