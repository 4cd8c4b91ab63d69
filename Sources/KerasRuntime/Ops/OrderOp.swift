import KerasModel
import Tensors

/// Where the numbers of each row stand in their order.
struct OrderStep<T: ComputeScalar>: Step {
    let x: Location
    let out: Location
    let length: Int
    let isDescending: Bool
    let isInteger: Bool
    let cut: Parts

    static func make(isDescending: Bool, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let shape = plan.shape(node.output)
        let length = shape.dims.last ?? 0
        return OrderStep(
            x: try plan.location(node.inputs[0]), out: try plan.location(node.output), length: length, isDescending: isDescending,
            isInteger: plan.isInteger(node.inputs[0]),
            cut: length == 0 ? Parts(undivided: 0) : .elements(shape.count / length, 16 * shape.count, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        for row in cut[part] {
            let places = UnsafeMutableBufferPointer(start: frame.integers(out) + row * length, count: length)
            if isInteger {
                sort(frame.integers(x) + row * length, places) { _ in false }
            } else {
                sort(frame.reals(x) + row * length, places) { $0.isNaN }
            }
        }
    }

    private func sort<E: Comparable>(
        _ x: UnsafeMutablePointer<E>, _ places: UnsafeMutableBufferPointer<Int32>, isNaN: (E) -> Bool
    ) {
        for index in 0..<length { places[index] = Int32(index) }
        var places = places
        places.sort { first, second in
            let (a, b) = (x[Int(first)], x[Int(second)])
            if isNaN(a) || isNaN(b) { return isNaN(a) == isNaN(b) ? first < second : isNaN(b) }
            return a == b ? first < second : isDescending ? a > b : a < b
        }
    }
}

/// Numbers of each row looked up.
struct PickStep<T: ComputeScalar>: Step {
    let x: Location
    let places: Location
    let out: Location
    /// Of a row, and of what is looked up in it.
    let length: Int
    let count: Int
    let isInteger: Bool
    let cut: Parts
    let layer: String

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let (table, shape) = (plan.shape(node.inputs[0]), plan.shape(node.output))
        guard plan.isInteger(node.inputs[1]) else {
            throw KerasError(.mismatch, "places are not integers", found: "\(plan.dtype(node.inputs[1]))", expected: "int32")
        }
        let count = shape.dims.last ?? 0
        return PickStep(
            x: try plan.location(node.inputs[0]), places: try plan.location(node.inputs[1]), out: try plan.location(node.output),
            length: table.dims.last ?? 0, count: count, isInteger: plan.isInteger(node.inputs[0]),
            cut: count == 0 ? Parts(undivided: 0) : .elements(shape.count / count, shape.count, of: T.self), layer: node.layer)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        for row in cut[part] {
            let places = UnsafeBufferPointer(start: UnsafePointer(frame.integers(places)) + row * count, count: count)
            try checkIndices(places, rows: length, layer)
            if isInteger {
                let (x, y) = (frame.integers(x) + row * length, frame.integers(out) + row * count)
                for (index, place) in places.enumerated() { y[index] = x[Int(place)] }
            } else {
                let (x, y) = (frame.reals(x) + row * length, frame.reals(out) + row * count)
                for (index, place) in places.enumerated() { y[index] = x[Int(place)] }
            }
        }
    }
}

/// What goes back: each number to the place it was picked from.
struct PickGradientStep<T: ComputeScalar>: Step {
    let dy: Location
    let places: Location
    let out: Location
    let length: Int
    let count: Int
    let cut: Parts
    let layer: String

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let (dy, shape) = (plan.shape(node.inputs[0]), plan.shape(node.output))
        let length = shape.dims.last ?? 0
        return PickGradientStep(
            dy: try plan.location(node.inputs[0]), places: try plan.location(node.inputs[1]), out: try plan.location(node.output),
            length: length, count: dy.dims.last ?? 0,
            cut: length == 0 ? Parts(undivided: 0) : .elements(shape.count / length, shape.count, of: T.self), layer: node.layer)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        for row in cut[part] {
            let places = UnsafeBufferPointer(start: UnsafePointer(frame.integers(places)) + row * count, count: count)
            try checkIndices(places, rows: length, layer)
            let (dy, dx) = (frame.reals(dy) + row * count, frame.reals(out) + row * length)
            dx.update(repeating: 0, count: length)
            for (index, place) in places.enumerated() { dx[Int(place)] += dy[index] }
        }
    }
}
