internal import Glibc
import JSON
import Tensors

/// How an image is brought to another size. Each is the same along either axis, so that a size is reached by one matrix per axis.
///
/// All but ``bilinearAsymmetric`` put the centre of cell i at i + ½, as TensorFlow 2 does.
public enum Interpolation: String, CaseIterable, Sendable {
    case nearest, bilinear, bicubic, lanczos3, lanczos5, area, gaussian, mitchellcubic
    /// Keras 2's `bilinear`: cell i stands at i, so that an image moves up and left by half a new cell.
    case bilinearAsymmetric
}

extension Interpolation: ConfigValue {
    private func isKnown(in dialect: Dialect) -> Bool {
        switch self {
        case .nearest: true
        case .bilinear: dialect != .keras2
        case .bilinearAsymmetric: dialect == .keras2
        case .bicubic, .lanczos3, .lanczos5: dialect != .keras2
        case .area, .gaussian, .mitchellcubic: dialect == .tfKeras
        }
    }

    private var word: String { self == .bilinearAsymmetric ? "bilinear" : rawValue }

    public init(config json: JSON, in context: DecodingContext) throws {
        let words = Self.allCases.filter { $0.isKnown(in: context.dialect) }
        guard let text = json.string?.lowercased(), let value = words.first(where: { $0.word == text }) else {
            throw KerasError.unexpected(json, expected: words.map { "'\($0.word)'" }.joined(separator: " or "))
        }
        self = value
    }

    public func config(in context: EncodingContext) throws -> JSON {
        guard isKnown(in: context.dialect) else {
            throw KerasError(.unsupported, "\(context.dialect.rawValue) has no such interpolation", found: "\(self)")
        }
        return .string(word)
    }
}

extension Interpolation {
    /// The most numbers a matrix may have: 2900 cells doubled, 128 MB while it is made.
    static let maximumMatrix = 1 << 24

    /// The matrix `(output, input)` that brings `input` cells to `output`; each row sums to 1, cells outside having no part.
    ///
    /// - Throws: a `resource` problem if it is too large.
    func matrix(from input: Int, to output: Int, antialias: Bool = false) throws -> [Double] {
        guard try Shape(checking: [input, output]).count <= Self.maximumMatrix else {
            throw KerasError(.resource, "an image is too large to be interpolated", found: "\(input) to \(output) cells")
        }
        var matrix = [Double](repeating: 0, count: input * output)
        guard input > 0, output > 0 else { return matrix }
        let scale = Double(input) / Double(output)
        for row in 0..<output {
            let weights = (0..<input).map { cell in
                antialias && self != .nearest
                    ? self.antialiased(row: row, cell: cell, scale: scale) : self.weight(row: row, cell: cell, scale: scale, input: input)
            }
            let sum = weights.reduce(0, +)
            for cell in 0..<input where weights[cell] != 0 { matrix[row * input + cell] = weights[cell] / sum }
        }
        return matrix
    }

    /// The kernel stretched over the cells that come to one. Source: TensorFlow's `ScaleAndTranslate`, which works in single precision.
    private func antialiased(row: Int, cell: Int, scale: Double) -> Double {
        let stretch = max(scale, 1)
        let distance = abs(Double(cell) + 0.5 - (Double(row) + 0.5) * scale) / stretch
        switch self {
        case .bilinear: return max(1 - distance, 0)
        case .bicubic: return Self.cubic(distance, b: 0, c: 0.5)
        case .mitchellcubic: return Self.cubic(distance, b: 1.0 / 3, c: 1.0 / 3)
        case .gaussian: return distance < 1.5 ? exp(-2 * distance * distance) : 0
        case .lanczos3: return Self.lanczos(distance, lobes: 3)
        case .lanczos5: return Self.lanczos(distance, lobes: 5)
        case .nearest, .area, .bilinearAsymmetric: return 0
        }
    }

    private func weight(row: Int, cell: Int, scale: Double, input: Int) -> Double {
        let centre = (Double(row) + 0.5) * scale - 0.5
        let distance = abs(Double(cell) - centre)
        switch self {
        case .nearest: return cell == min(Int((Double(row) + 0.5) * scale), input - 1) ? 1 : 0
        // TensorFlow finds the places between two cells in single precision, whatever the image's type.
        case .bilinear: return max(1 - abs(Double(cell) - Double((Float(row) + 0.5) * Float(scale) - 0.5)), 0)
        case .bilinearAsymmetric: return max(1 - abs(Double(cell) - Double(Float(row) * Float(scale))), 0)
        case .area: return max(min(Double(row + 1) * scale, Double(cell + 1)) - max(Double(row) * scale, Double(cell)), 0)
        case .bicubic:
            // TensorFlow looks its weights up at 1024 places between two cells.
            let below = centre.rounded(.down)
            let place = below + ((centre - below) * 1024).rounded(.toNearestOrEven) / 1024
            return Self.cubic(abs(Double(cell) - place), b: 0, c: 0.5)
        case .mitchellcubic: return Self.cubic(distance, b: 1.0 / 3, c: 1.0 / 3)
        case .gaussian: return distance < 1.5 ? exp(-2 * distance * distance) : 0
        case .lanczos3: return Self.lanczos(distance, lobes: 3)
        case .lanczos5: return Self.lanczos(distance, lobes: 5)
        }
    }

    /// Mitchell and Netravali's family of cubics (1988).
    private static func cubic(_ x: Double, b: Double, c: Double) -> Double {
        if x < 1 { return ((12 - 9 * b - 6 * c) * x * x * x + (-18 + 12 * b + 6 * c) * x * x + (6 - 2 * b)) / 6 }
        guard x < 2 else { return 0 }
        return ((-b - 6 * c) * x * x * x + (6 * b + 30 * c) * x * x + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
    }

    private static func lanczos(_ x: Double, lobes: Double) -> Double {
        if x >= lobes { return 0 }
        if x < 1e-3 { return 1 }
        let angle = Double.pi * x
        return lobes * sin(angle) * sin(angle / lobes) / (angle * angle)
    }
}

extension LayerCall {
    /// Images `(n, h, w, c)` brought to another height and width.
    ///
    /// - Parameter leavesItsSize: whether an image that has the size already is left alone, even by kernels that would smooth it: so TensorFlow does
    ///   where it knows the size beforehand, which UpSampling2D does not tell it.
    func interpolate(
        _ x: Value, height: Int, width: Int, _ interpolation: Interpolation, antialias: Bool = false, leavesItsSize: Bool = true
    ) throws -> Value {
        let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        if leavesItsSize, (h, w) == (height, width) { return x }
        let rows = try constant(try interpolation.matrix(from: h, to: height, antialias: antialias), shape: [height, h])
        let columns = try constant(try interpolation.matrix(from: w, to: width, antialias: antialias), shape: [width, w])
        let tall = try emit(.matrixMultiply, rows, try reshape(x, [n, h, w * c]))
        let wide = try emit(.matrixMultiply, columns, try reshape(tall, [n * height, w, c]))
        return try reshape(wide, try Shape(checking: [n, height, width, c]).dims)
    }
}
