import Keras
import KerasRuntime

/// A model that is run on the same random input again and again, through the call that allocates nothing.
struct ModelSubject: Subject {
    private let model: Model
    private let input: Tensor
    private var output: Tensor

    init(path: String, batch: Int, options: RuntimeOptions) throws {
        model = try Model.load(path)
        model.runtime = options
        let shapes = try model.snapshot().built.inputShapes
        guard shapes.count == 1 else {
            throw KerasError(.unsupported, "only models with one input are measured", found: "\(shapes.count)")
        }
        input = try Chance.numbers(Shape([batch] + shapes[0].dims.dropFirst().map { $0 ?? 64 }), seed: 1)
        output = try model.predict(input)
    }

    mutating func run() throws { try model.predict(input, into: &output) }

    func predict(_ input: Tensor) throws -> Tensor { try model.predict(input) }

    /// Operations and bytes of one call, from the steps of a plan for one sample.
    func work() throws -> (flops: Double, bytes: Double) {
        let steps = try executable(samples: 1, RuntimeOptions(threads: 1)).profile([input[0..<1]])
        let samples = Double(input.shape[0])
        return (steps.reduce(0) { $0 + $1.flops } * samples, Double(input.byteCount + output.byteCount + (try model.countParams()) * 4))
    }

    /// How far the first sample is from what the primitives give one by one.
    func error() throws -> (largest: Double, relative: Double) {
        let truth = try executable(samples: 1, RuntimeOptions(threads: 1, reference: true)).run([input[0..<1]])[0].scalars(as: Double.self)
        var (largest, squares, size) = (0.0, 0.0, 0.0)
        for (found, exact) in zip(try output.scalars(as: Double.self), truth) {
            largest = max(largest, abs(found - exact))
            squares += (found - exact) * (found - exact)
            size += exact * exact
        }
        return (largest, size > 0 ? (squares / size).squareRoot() : 0)
    }

    private func executable(samples: Int, _ options: RuntimeOptions) throws -> Executable {
        let snapshot = try model.snapshot()
        return try Executable(
            graph: try snapshot.built.lowered(for: [Shape([samples] + input.shape.dims.dropFirst())]),
            weights: { id in
                guard let tensor = snapshot.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
                return tensor
            }, options: options)
    }
}
