import KerasModel
import Tensors

/// How Keras 1 stored what Keras 2 stores otherwise: a rule over the kinds of weights and their layers' data formats. Its files say nothing of it;
/// the same rules are in `preprocess_weights_for_loading` (`keras/engine/saving.py` of Keras 2.2.4), but for Theano's kernels, which are told by
/// the names of the variables.
struct Keras1Storage {
    /// True if Theano wrote it, whose convolutions turned the kernel round.
    let flips: Bool

    /// - Parameter names: of all weights in a file. TensorFlow's end in `:0`.
    /// - Returns: nil if these are not names of Keras 1.
    init?(names: [String]) {
        guard !names.isEmpty, !names.contains(where: { $0.contains("/") }) else { return nil }
        flips = !names.contains { $0.hasSuffix(":0") }
    }

    /// What is stored of one layer of a model, as Keras 2 would have it.
    ///
    /// - Parameters:
    ///   - stored: in the file's order.
    ///   - expected: in the legacy order of the model.
    ///   - layers: those that the weights belong to.
    /// - Throws: a `mismatch` problem for another number of arrays, or for one that cannot be the weight in its place.
    func arrays(_ stored: [Tensor], into expected: [(id: WeightID, spec: WeightSpec)], of layers: [LayerID: any Layer]) throws
        -> [WeightID: Tensor]
    {
        let runs = Keras1Storage.runs(expected)
        // A recurrent layer has an array for each gate, or, with `consume_less="gpu"`, all in one as later.
        let isGated = stored.count != expected.count
        let counts = runs.map { isGated ? $0.specs.count * $0.gates : $0.specs.count }
        guard stored.count == counts.reduce(0, +) else {
            throw KerasError(
                .mismatch, "a layer has another number of weights", found: "\(stored.count)",
                expected: isGated && counts.reduce(0, +) != expected.count
                    ? "\(expected.count) or \(counts.reduce(0, +))" : "\(expected.count)")
        }
        var result: [WeightID: Tensor] = [:]
        var start = 0
        for (run, count) in zip(runs, counts) {
            let part = Array(stored[start..<start + count])
            start += count
            for (index, weight) in run.specs.enumerated() {
                let storage = KernelStorage(layers[weight.id.layer], flips: flips)
                guard count != run.specs.count else {
                    result[weight.id] = try storage.read(part[index], as: weight.spec, lastAxis: weight.spec.shape.dims.last ?? 1)
                    continue
                }
                // For each gate the kernel, the recurrent kernel and the bias; the gates i, c, f, o are i, f, c, o since.
                let gates = run.gates == 4 ? [0, 2, 1, 3] : Array(0..<run.gates)
                let last = (weight.spec.shape.dims.last ?? 1) / run.gates
                result[weight.id] = try Keras1Storage.joined(
                    gates.map { try storage.read(part[$0 * run.specs.count + index], as: weight.spec, lastAxis: last) })
            }
        }
        return result
    }

    /// What an optimizer keeps of each weight: Keras 1 had it in the order of the weights' names, an array for each that it stored.
    ///
    /// - Parameters:
    ///   - weights: of each layer in order: what the model expects, and what it stands under in the file.
    /// - Throws: a `mismatch` problem if it is not of these weights.
    func optimizer(
        _ variables: [(name: String, tensor: Tensor)], of weights: [(expected: [WeightTree.Entry], stored: [String])],
        layers: [LayerID: any Layer]
    ) throws -> [(name: String, tensor: Tensor)] {
        let trained = weights.compactMap { expected, stored -> (expected: [(id: WeightID, spec: WeightSpec)], stored: [String])? in
            let moved = expected.filter(\.isTrained)
            // What does not train stands at the end, an array for each.
            return moved.isEmpty ? nil : (moved.map { ($0.id, $0.spec) }, Array(stored.prefix(stored.count - expected.count + moved.count)))
        }
        let names = Set(trained.flatMap(\.stored)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let start = variables.first?.tensor.rank == 0 ? 1 : 0
        guard !names.isEmpty, (variables.count - start) % names.count == 0 else {
            throw KerasError(
                .mismatch, "the optimizer's state is not of these weights", found: "\(variables.count) arrays",
                expected: "some for each of \(names.count)")
        }
        var result = Array(variables.prefix(start))
        for block in stride(from: start, to: variables.count, by: names.count) {
            let slots = Dictionary(uniqueKeysWithValues: zip(names, variables[block..<block + names.count]))
            for (expected, stored) in trained {
                let kept = try arrays(stored.compactMap { slots[$0]?.tensor }, into: expected, of: layers)
                for (index, weight) in expected.enumerated() {
                    if let tensor = kept[weight.id] { result.append((slots[stored[min(index, stored.count - 1)]]!.name, tensor)) }
                }
            }
        }
        return result
    }

    /// The weights of one layer that stand together.
    private struct Run {
        var specs: [(id: WeightID, spec: WeightSpec)]

        /// How many gates the arrays hold side by side: a recurrent kernel is as many times as wide as it is long.
        var gates: Int {
            guard specs.count > 1, let shape = specs.first(where: { $0.spec.name == "recurrent_kernel" })?.spec.shape, shape.rank >= 2
            else { return 1 }
            let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
            return rows > 0 && columns % rows == 0 ? columns / rows : 1
        }
    }

    private static func runs(_ expected: [(id: WeightID, spec: WeightSpec)]) -> [Run] {
        expected.reduce(into: []) { runs, weight in
            if let last = runs.indices.last, runs[last].specs.last?.id.layer == weight.id.layer {
                runs[last].specs.append(weight)
            } else {
                runs.append(Run(specs: [weight]))
            }
        }
    }

    /// Side by side along the last axis.
    private static func joined(_ parts: [Tensor]) throws -> Tensor {
        guard let first = parts.first, first.rank > 0, parts.allSatisfy({ $0.shape == first.shape }) else {
            throw KerasError(
                .mismatch, "a recurrent layer's gates have different shapes", found: parts.map { "\($0.shape)" }.joined(separator: ", "))
        }
        let width = first.shape[first.rank - 1]
        let dims = first.shape.dims.dropLast() + [width * parts.count]
        let values = try parts.map { try $0.scalars(as: Double.self) }
        let rows = width == 0 ? 0 : first.count / width
        var joined: [Double] = []
        joined.reserveCapacity(first.count * parts.count)
        for row in 0..<rows { for value in values { joined += value[row * width..<(row + 1) * width] } }
        return try Tensor(joined, shape: try Shape(checking: Array(dims))).converted(to: first.dtype)
    }
}

/// Where a layer's kernels have their axes in a file of Keras 1.
private struct KernelStorage {
    private let isChannelsFirst: Bool
    private let isTransposed: Bool
    private let flips: Bool

    /// - Parameter layer: the one the weights belong to. What its data format is, its words say.
    init(_ layer: (any Layer)?, flips: Bool) {
        self.flips = flips
        isTransposed = layer is any TransposedLayer
        let words = try? layer?.encoded(in: EncodingContext(dialect: .keras2))
        isChannelsFirst = words?["data_format"] == "channels_first"
    }

    /// - Parameter lastAxis: the length of the last axis, where it is one gate's alone.
    func read(_ tensor: Tensor, as spec: WeightSpec, lastAxis: Int) throws -> Tensor {
        let expected = spec.shape.dims.dropLast() + (spec.shape.rank > 0 ? [lastAxis] : [])
        guard spec.name.hasSuffix("kernel"), expected.count >= 3 else { return tensor }
        var kernel = tensor
        if expected.count == 3, tensor.rank == 4 {
            kernel = try oneAxis(tensor, Array(expected))
        } else if tensor.rank == 4 {
            if isTransposed {
                kernel = tensor.transposed(isChannelsFirst ? [2, 3, 0, 1] : [0, 1, 3, 2])
            } else if isChannelsFirst {
                kernel = tensor.transposed([2, 3, 1, 0])
            }
        } else if tensor.rank == 5, isChannelsFirst {
            kernel = tensor.transposed([2, 3, 4, 1, 0])
        }
        return flips && kernel.rank >= 3 ? kernel.reversed(axes: 0..<kernel.rank - 2) : kernel
    }

    /// Conv1D was a Conv2D of one column: `(k, 1, c, f)`; before Keras 1.1 `(f, c, k, 1)`.
    private func oneAxis(_ tensor: Tensor, _ expected: [Int]) throws -> Tensor {
        let isNew = tensor.shape[0] == expected[0] && tensor.shape[1] == 1 && tensor.shape[3] == expected[2]
        let kernel = isNew ? tensor : tensor.transposed([2, 3, 1, 0])
        guard kernel.shape[1] == 1 else { return tensor }
        return try kernel.reshaped(to: Shape([kernel.shape[0], kernel.shape[2], kernel.shape[3]]))
    }
}
