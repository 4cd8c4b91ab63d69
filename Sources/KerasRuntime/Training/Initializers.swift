import JSON
import KerasModel
import Tensors

/// The weights a model begins with, each in its own type.
///
/// The same seed gives the same bits everywhere, on any number of threads. They are not Keras's bits, which hang on its backend.
///
/// - Throws: an `unsupported` problem for each initializer this version does not know, naming layer and weight.
package func initialWeights(of model: BuiltModel, seed: UInt64) throws -> [WeightID: Tensor] {
    var problems = ProblemList()
    var result: [WeightID: Tensor] = [:]
    var stream: UInt32 = 0
    var seen: Set<LayerID> = []
    func visit(_ layer: any Layer, _ path: String) {
        guard seen.insert(layer.id).inserted else { return }
        for (id, spec) in model.ownWeights(of: layer) {
            let random = Philox(seed: seed, stream: stream)
            stream += 1
            result[id] = problems.attempt(at: Place(layer: path, key: spec.name)) {
                try spec.initializer.tensor(spec.shape, random).withOnes(spec.ones).converted(to: spec.dtype ?? layer.base.dtype.variable)
            }
        }
        for child in layer.children { visit(child.layer, path.isEmpty ? child.layer.name : "\(path)/\(child.layer.name)") }
    }
    visit(model.root, "")
    try problems.throwIfAny()
    return result
}

extension Tensor {
    /// The same float32 numbers, but for these along the last axis, which are 1.
    fileprivate func withOnes(_ ones: Range<Int>?) throws -> Tensor {
        guard let ones, let length = shape.dims.last else { return self }
        let numbers = try scalars(as: Float.self).enumerated().map { ones.contains($0 % length) ? 1 : $1 }
        return try Tensor(numbers, shape: shape)
    }
}

extension Initializer {
    /// A weight's first values, in float32.
    ///
    /// - Parameter random: what it draws from, unless it has a seed of its own.
    /// - Throws: `unsupported` if this version does not know it, `malformed` for settings that are no numbers.
    package func tensor(_ shape: Shape, _ random: Philox) throws -> Tensor {
        let random = config["seed"]?.integer.map { Philox(seed: UInt64(bitPattern: Int64($0))) } ?? random
        switch className {
        case "Zeros": return try Tensor(zeros: shape)
        case "Ones": return try Initializer.constant(1, shape)
        case "Constant": return try Initializer.constant(try number("value", 0), shape)
        case "RandomUniform": return try random.uniform(shape, try number("minval", -0.05), try number("maxval", 0.05))
        case "RandomNormal": return try random.normal(shape, mean: try number("mean", 0), deviation: try number("stddev", 0.05))
        case "TruncatedNormal":
            return try random.truncatedNormal(shape, mean: try number("mean", 0), deviation: try number("stddev", 0.05))
        case "VarianceScaling": return try scaled(shape, random)
        case "GlorotUniform": return try random.scaled(shape, 1, .average, .uniform)
        case "GlorotNormal": return try random.scaled(shape, 1, .average, .truncatedNormal)
        case "HeUniform": return try random.scaled(shape, 2, .input, .uniform)
        case "HeNormal": return try random.scaled(shape, 2, .input, .truncatedNormal)
        case "LecunUniform": return try random.scaled(shape, 1, .input, .uniform)
        case "LecunNormal": return try random.scaled(shape, 1, .input, .truncatedNormal)
        case "Orthogonal": return try random.orthogonal(shape, gain: try number("gain", 1))
        case "Identity", "IdentityInitializer": return try Initializer.identity(shape, gain: try number("gain", 1))
        default: throw KerasError(.unsupported, "this initializer is not known", found: className)
        }
    }

    private func number(_ key: String, _ absent: Double) throws -> Double {
        guard let json = config[key], !json.isNull else { return absent }
        guard let number = json.number else {
            throw KerasError(.unsupported, "an initializer's setting is not a number", at: Place(key: key), found: json.summary)
        }
        return number
    }

    private func scaled(_ shape: Shape, _ random: Philox) throws -> Tensor {
        let mode = try word("mode", "fan_in", ["fan_in": Fan.input, "fan_out": .output, "fan_avg": .average])
        // 'normal' is Keras 2's word for the truncated one.
        let distributions: [String: ScaledDistribution] = [
            "normal": .truncatedNormal, "truncated_normal": .truncatedNormal, "untruncated_normal": .normal, "uniform": .uniform,
        ]
        return try random.scaled(shape, try number("scale", 1), mode, try word("distribution", "truncated_normal", distributions))
    }

    private func word<Value>(_ key: String, _ absent: String, _ known: [String: Value]) throws -> Value {
        let word = config[key]?.string ?? absent
        guard let value = known[word.lowercased()] else {
            throw KerasError(
                .malformed, "an initializer's setting is not what it must be", at: Place(key: key), found: "'\(word)'",
                expected: known.keys.sorted().joined(separator: ", "))
        }
        return value
    }

    private static func constant(_ value: Double, _ shape: Shape) throws -> Tensor {
        try Tensor([Float](repeating: Float(value), count: shape.count), shape: shape)
    }

    private static func identity(_ shape: Shape, gain: Double) throws -> Tensor {
        guard shape.rank == 2 else {
            throw KerasError(.mismatch, "the identity is a matrix", found: "\(shape)", expected: "two axes")
        }
        return try Tensor((0..<shape.count).map { Float($0 / shape[1] == $0 % shape[1] ? gain : 0) }, shape: shape)
    }
}

/// Which connections of a weight its size is measured by.
private enum Fan {
    case input, output, average

    /// The last two axes are inputs and outputs; those before them a receptive field, which every connection passes.
    func count(_ shape: Shape) -> Double {
        let dims = shape.dims.map(Double.init)
        let (fanIn, fanOut): (Double, Double)
        switch dims.count {
        case 0: (fanIn, fanOut) = (1, 1)
        case 1: (fanIn, fanOut) = (dims[0], dims[0])
        default:
            let field = dims.dropLast(2).reduce(1, *)
            (fanIn, fanOut) = (field * dims[dims.count - 2], field * dims[dims.count - 1])
        }
        switch self {
        case .input: return fanIn
        case .output: return fanOut
        case .average: return (fanIn + fanOut) / 2
        }
    }
}

private enum ScaledDistribution { case uniform, normal, truncatedNormal }

extension Philox {
    fileprivate func uniform(_ shape: Shape, _ low: Double, _ high: Double) throws -> Tensor {
        try tensor(shape, fill(shape.count) { uniforms($0) }.map { low + (high - low) * $0 })
    }

    fileprivate func normal(_ shape: Shape, mean: Double, deviation: Double) throws -> Tensor {
        try tensor(shape, fill(shape.count) { normals($0) }.map { mean + deviation * $0 })
    }

    fileprivate func truncatedNormal(_ shape: Shape, mean: Double, deviation: Double) throws -> Tensor {
        try tensor(shape, fill(shape.count) { truncatedNormals($0) }.map { mean + deviation * $0 })
    }

    /// Variance `scale / fan`. Uniform: even over ±√(3 · scale / fan). A truncated normal distribution of deviation 1 has deviation
    /// 0.8796…, which is made up for (Keras: `VarianceScaling`).
    fileprivate func scaled(_ shape: Shape, _ scale: Double, _ fan: Fan, _ distribution: ScaledDistribution) throws -> Tensor {
        let variance = scale / max(fan.count(shape), 1)
        switch distribution {
        case .uniform: return try uniform(shape, -(3 * variance).squareRoot(), (3 * variance).squareRoot())
        case .normal: return try normal(shape, mean: 0, deviation: variance.squareRoot())
        case .truncatedNormal: return try truncatedNormal(shape, mean: 0, deviation: variance.squareRoot() / 0.87962566103423978)
        }
    }

    /// A matrix whose shorter side is orthonormal, evenly over all of those: the Q of a normal matrix's QR decomposition whose R has a
    /// positive diagonal. Leading axes count as rows.
    fileprivate func orthogonal(_ shape: Shape, gain: Double) throws -> Tensor {
        guard shape.rank >= 2 else {
            throw KerasError(.mismatch, "an orthogonal weight has at least two axes", found: "\(shape)")
        }
        let columns = shape[shape.rank - 1]
        let rows = columns == 0 ? 0 : shape.count / columns
        let (length, count) = (max(rows, columns), min(rows, columns))
        let normal = fill(shape.count) { normals($0) }
        var vectors: [[Double]] = []
        for number in 0..<count {
            var vector = Array(normal[number * length..<(number + 1) * length])
            // Twice is enough: what rounding left of the earlier vectors goes the second time.
            for _ in 0..<2 {
                for earlier in vectors {
                    let along = zip(vector, earlier).reduce(0) { $0 + $1.0 * $1.1 }
                    for index in vector.indices { vector[index] -= along * earlier[index] }
                }
            }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            vectors.append(vector.map { $0 / norm })
        }
        let isTall = rows >= columns
        return try tensor(
            shape, (0..<shape.count).map { gain * (isTall ? vectors[$0 % columns][$0 / columns] : vectors[$0 / columns][$0 % columns]) })
    }

    private func tensor(_ shape: Shape, _ numbers: [Double]) throws -> Tensor { try Tensor(numbers.map { Float($0) }, shape: shape) }
}
