import KerasModel
import Tensors

/// The confusion matrix of classes: `(target, output)`.
extension IoUMetric {
    func initialState(output: Shape) throws -> [Double] { try zeros(classes, classes) }

    func update(_ state: inout [Double], _ batch: CountedBatch) throws {
        let targets = hasSparseTargets ? batch.targets.map { Int(class: $0) } : try places(batch.targets, batch.targetShape)
        let outputs: [Int]
        if let threshold {
            outputs = batch.outputs.map { $0 >= Float(threshold) ? 1 : 0 }
        } else {
            outputs = hasSparseOutputs ? batch.outputs.map { Int(class: $0) } : try places(batch.outputs, batch.outputShape)
        }
        guard targets.count == outputs.count else {
            throw KerasError(.mismatch, "targets do not fit the output", found: "\(batch.targetShape)", expected: "\(batch.outputShape)")
        }
        var shape = batch.targetShape.dims
        if !hasSparseTargets { shape.remove(at: axis < 0 ? axis + shape.count : axis) }
        let weights = try batch.weights(of: Shape(shape))
        for (index, (target, output)) in zip(targets, outputs).enumerated() where target != ignoreClass {
            guard (0..<classes).contains(target), (0..<classes).contains(output) else { continue }
            let weight = Double(weights?[index] ?? 1)
            state[target * classes + output] += (dtype ?? .whole) == .whole ? weight.rounded(.towardZero) : weight
        }
    }

    /// The mean over the classes that occur among targets or outputs.
    func figures(_ state: [Double]) -> [Double] {
        var (sum, occurring) = (0.0, 0.0)
        for number in targetClasses where (0..<classes).contains(number) {
            let right = state[number * classes + number]
            let targets = (0..<classes).reduce(0) { $0 + state[number * classes + $1] }
            let outputs = (0..<classes).reduce(0) { $0 + state[$1 * classes + number] }
            let union = targets + outputs - right
            guard union > 1e-9 else { continue }
            sum += right / (union + epsilon)
            occurring += 1
        }
        return [sum / (occurring + epsilon)]
    }

    /// Where the largest along the axis is, the first of equals.
    private func places(_ numbers: [Float], _ shape: Shape) throws -> [Int] {
        let own = axis < 0 ? axis + shape.rank : axis
        guard shape.dims.indices.contains(own), shape[own] > 0 else {
            throw KerasError(.mismatch, "there is no such axis", at: Place(key: "axis"), found: "axis \(axis) of \(shape)")
        }
        let inner = shape.dims[(own + 1)...].reduce(1, *)
        let outer = shape.dims[..<own].reduce(1, *)
        return (0..<outer * inner).map { at in
            let start = at / inner * shape[own] * inner + at % inner
            return (1..<shape[own]).reduce(0) { numbers[start + $1 * inner] > numbers[start + $0 * inner] ? $1 : $0 }
        }
    }
}

extension Int {
    /// As a cast cuts it; none for what is no number.
    fileprivate init(class number: Float) { self = Int(exactly: number.rounded(.towardZero)) ?? -1 }
}

extension IoU: CountingMetric {}
extension MeanIoU: CountingMetric {}
extension BinaryIoU: CountingMetric {}
extension OneHotIoU: CountingMetric {}
extension OneHotMeanIoU: CountingMetric {}
