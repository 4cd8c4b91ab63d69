import KerasModel
import Tensors

/// The arithmetic of a metric that is no mean over rows: numbers that batches add to, and what they come to.
protocol CountingMetric: MetricFunction {
    /// The numbers before the first batch.
    ///
    /// - Parameter output: the shape of the outputs, the batch first.
    func initialState(output: Shape) throws -> [Double]
    func update(_ state: inout [Double], _ batch: CountedBatch) throws
    /// One figure or several.
    func figures(_ state: [Double]) -> [Double]
}

/// Targets and outputs of a batch as numbers.
struct CountedBatch {
    let targets: [Float]
    let targetShape: Shape
    private(set) var outputs: [Float]
    let outputShape: Shape
    /// As they were given.
    private let weights: [(numbers: [Float], shape: Shape)]

    init(_ batch: OutputBatch, isWeighted: Bool, heedsMask: Bool) throws {
        (targets, targetShape) = (try batch.target.scalars(as: Float.self), batch.target.shape)
        (outputs, outputShape) = (try batch.output.scalars(as: Float.self), batch.output.shape)
        let factors = [isWeighted ? batch.weights : nil, heedsMask ? batch.mask : nil]
        weights = try factors.compactMap { try $0.map { (try $0.scalars(as: Float.self), $0.shape) } }
    }

    /// The same with a function of the outputs in their place.
    func withOutputs(_ function: (Float) -> Float) -> CountedBatch {
        var batch = self
        batch.outputs = outputs.map(function)
        return batch
    }

    /// - Throws: a `mismatch` problem if there is not one target per output.
    func checkTargets() throws {
        guard targets.count == outputs.count else {
            throw KerasError(.mismatch, "targets do not fit the output", found: "\(targetShape)", expected: "\(outputShape)")
        }
    }

    /// A weight for each number of a shape; nil if all weigh alike.
    ///
    /// - Throws: a `mismatch` problem if they do not fit its first axes.
    func weights(of shape: Shape) throws -> [Float]? {
        guard let first = weights.first else { return nil }
        return try weights.dropFirst().reduce(try CountedBatch.spread(first, over: shape)) {
            zip($0, try CountedBatch.spread($1, over: shape)).map { $0 * $1 }
        }
    }

    private static func spread(_ weights: (numbers: [Float], shape: Shape), over shape: Shape) throws -> [Float] {
        var dims = weights.shape.dims
        if !shape.dims.starts(with: dims), dims.last == 1 { dims.removeLast() }
        guard shape.dims.starts(with: dims) else {
            throw KerasError(
                .mismatch, "sample weights do not fit the targets", found: "\(weights.shape)", expected: "the first axes of \(shape)")
        }
        let each = shape.dims.dropFirst(dims.count).reduce(1, *)
        return weights.numbers.flatMap { Array(repeating: $0, count: each) }
    }
}

/// The most numbers a metric may keep: what a file asks for is memory.
private let largestState = 1 << 24

/// - Throws: a `resource` problem if that is too many.
func zeros(_ count: Int...) throws -> [Double] {
    var product = 1
    for count in count {
        let (next, overflow) = product.multipliedReportingOverflow(by: max(count, 0))
        guard !overflow, next <= largestState else {
            throw KerasError(.resource, "a metric keeps too many numbers", found: "\(count)", expected: "at most \(largestState)")
        }
        product = next
    }
    return [Double](repeating: 0, count: product)
}

/// 0 by 0 is 0.
func quotient(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
