import KerasModel
import Tensors

/// What is above a threshold of the row's own, chosen as Keras 3 chooses it.
struct SparsemaxStep<T: ComputeScalar>: Step {
    let from: Location
    let to: Location
    let cut: Parts
    let length: Int
    /// Memory for one sorted row.
    let sorted: Location

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> SparsemaxStep {
        let shape = plan.shape(node.output)
        guard let length = shape.dims.last else { throw KerasError(.mismatch, "sparsemax of a number without an axis") }
        return SparsemaxStep(
            from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            cut: length == 0 ? Parts(undivided: 0) : .elements(shape.count / length, 16 * shape.count, of: T.self), length: length,
            sorted: plan.scratch(length, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let (x, y) = (UnsafePointer(frame.reals(from)), frame.reals(to))
        let sorted = UnsafeMutableBufferPointer(start: frame.reals(sorted), count: length)
        for row in cut[part] {
            let (source, target) = (x + row * length, y + row * length)
            for index in 0..<length { sorted[index] = source[index] }
            var order = sorted
            order.sort(by: >)
            let threshold = Sparsemax.support(sorted).threshold
            for index in 0..<length { target[index] = T.maximum(source[index] - threshold, 0) }
        }
    }
}

private enum Sparsemax {
    /// The threshold of a row, `(Σ of the supported running sums − 1) / k`, and k, how many of its largest numbers are supported. Martins and
    /// Astudillo take the last of those sums alone, so that the results add up to 1; Keras 3 adds them all
    /// (`keras.src.backend.tensorflow.nn.sparsemax`), and its numbers are what a model was trained with.
    ///
    /// - Parameter sorted: the row, largest first.
    static func support<T: ComputeScalar>(_ sorted: some Sequence<T>) -> (threshold: T, count: Int) {
        var (running, sum, count) = (0.0, 0.0, 0)
        for (index, value) in sorted.enumerated() {
            running += Double(value)
            guard Double(value) - (running - 1) / Double(index + 1) > 0 else { continue }
            sum += running
            count += 1
        }
        return (T((sum - 1) / Double(count)), count)
    }
}

/// What goes back: each result above 0 gets its own, and every supported operand its share in the threshold.
struct SparsemaxGradientStep<T: ComputeScalar>: Step {
    let dy: Location
    let x: Location
    let out: Location
    let cut: Parts
    let length: Int
    /// Memory for the order of one row.
    let order: Location

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> SparsemaxGradientStep {
        let shape = plan.shape(node.output)
        let length = shape[shape.rank - 1]
        return SparsemaxGradientStep(
            dy: try plan.location(node.inputs[0]), x: try plan.location(node.inputs[1]), out: try plan.location(node.output),
            cut: length == 0 ? Parts(undivided: 0) : .elements(shape.count / length, 16 * shape.count, of: T.self), length: length,
            order: plan.scratch(length, of: Int32.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let order = UnsafeMutableBufferPointer(start: frame.integers(order), count: length)
        for row in cut[part] {
            let (x, dy, dx) = (frame.reals(x) + row * length, frame.reals(dy) + row * length, frame.reals(out) + row * length)
            for index in 0..<length { order[index] = Int32(index) }
            var sorted = order
            sorted.sort { x[Int($0)] > x[Int($1)] }
            // A running sum stays below its bound once it has passed it: the supported are the first ones.
            let (threshold, count) = Sparsemax.support(order.lazy.map { x[Int($0)] })
            var through: T = 0
            for index in 0..<length where x[index] > threshold { through += dy[index] }
            for (index, place) in order.enumerated() {
                let own: T = x[Int(place)] > threshold ? dy[Int(place)] : 0
                // The first supported operand stands in every running sum, the last in one.
                let share: T = index < count ? T(count - index) / T(count) : 0
                dx[Int(place)] = own - share * through
            }
        }
    }
}
