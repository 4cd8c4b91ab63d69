import JSON
import Tensors

extension ConfigKey {
    /// Cells at both ends of each spatial axis: a number for all, a number for each axis, or a pair for each. Along one axis it is a number
    /// or a pair. Written as pairs.
    static func edges(_ name: String, _ path: WritableKeyPath<L, [Edges]> & Sendable, rank: Int) -> ConfigKey {
        ConfigKey(
            name: name, names: [:], dialects: Dialect.all, isRequired: false,
            decode: { json, context, layer in
                let edges: [Edges]
                if json.array == nil && json["items"] == nil {
                    let cells = try Int(config: json, in: context)
                    edges = Array(repeating: Edges(cells, cells), count: rank)
                } else if rank == 1 {
                    edges = [try Edges(config: json, in: context)]
                } else {
                    edges = try [Edges](config: json, in: context)
                }
                guard edges.count == rank, edges.allSatisfy(\.isPossible) else {
                    throw KerasError.unexpected(json, expected: "\(rank) pair\(rank == 1 ? "" : "s") of numbers, none negative")
                }
                layer[keyPath: path] = edges
            },
            encode: { layer, context in
                let pairs = layer[keyPath: path].map { $0.config(in: context) }
                return rank == 1 ? pairs.first ?? .null : .array(pairs)
            },
            absent: { _, _ in })
    }
}

extension Edges: ConfigValue {
    /// A pair, or one number for both ends.
    public init(config json: JSON, in context: DecodingContext) throws {
        let ends = try json.integer.map { [$0, $0] } ?? [Int](config: json, in: context)
        guard ends.count == 2 else { throw KerasError.unexpected(json, expected: "a pair of numbers") }
        self.init(ends[0], ends[1])
    }

    public func config(in context: EncodingContext) -> JSON { .array([.integer(before), .integer(after)]) }

    var isPossible: Bool { before >= 0 && after >= 0 && before < 1 << 31 && after < 1 << 31 }
}

/// ZeroPadding and Cropping: cells come or go at the ends of the spatial axes.
public protocol EdgeLayer: Layer {
    static var spatialRank: Int { get }
    var dataFormat: DataFormat { get }
}

extension EdgeLayer {
    /// The input's shape, and which of its axes are spatial.
    func checked(_ inputs: [SymbolicShape], _ edges: [Edges], key: String) throws -> (shape: SymbolicShape, spatial: Range<Int>) {
        let input = try onlyInput(inputs)
        try input.check(rank: Self.spatialRank + 2)
        guard edges.count == Self.spatialRank, edges.allSatisfy(\.isPossible) else {
            throw KerasError(.malformed, "cells at an edge cannot be negative", at: Place(key: key), expected: "\(Self.spatialRank) pairs")
        }
        return (input, dataFormat.axes(rank: Self.spatialRank).spatial)
    }
}

/// ZeroPadding1D, ZeroPadding2D, ZeroPadding3D: cells of zero round the input.
public protocol ZeroPaddingLayer: EdgeLayer {
    /// One entry per spatial axis.
    var padding: [Edges] { get }
}

extension ZeroPaddingLayer {
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var (shape, spatial) = try checked(inputs, padding, key: "padding")
        for (axis, edges) in zip(spatial, padding) { shape[axis] = shape[axis].map { $0 + edges.total } }
        return [shape]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        var edges = [Edges](repeating: .none, count: inputs[0].rank)
        edges.replaceSubrange(dataFormat.axes(rank: Self.spatialRank).spatial, with: padding)
        return [try call.emit(.pad(edges, value: 0), inputs[0])]
    }
}

/// Cropping1D, Cropping2D, Cropping3D: cells cut from the ends.
public protocol CroppingLayer: EdgeLayer {
    /// One entry per spatial axis.
    var cropping: [Edges] { get }
}

extension CroppingLayer {
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var (shape, spatial) = try checked(inputs, cropping, key: "cropping")
        for (axis, edges) in zip(spatial, cropping) {
            guard let length = shape[axis] else { continue }
            // Keras 3 refuses to leave nothing; before it an empty image went on.
            guard length > edges.total || Dialect.older.contains(base.dialect ?? .keras3) else {
                throw KerasError(
                    .mismatch, "an input is cropped away", at: Place(key: "cropping"), found: "\(length) cells",
                    expected: "more than \(edges.total)")
            }
            shape[axis] = max(length - edges.total, 0)
        }
        return [shape]
    }

    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard context.readers.contains(.keras3), outputs.first?.dims.contains(0) == true else { return }
        throw KerasError(.unsupported, "Keras 3 crops no image to nothing", at: Place(layer: name), found: "\(outputs[0])")
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = inputs[0]
        var starts = [Int](repeating: 0, count: x.rank)
        var sizes = x.shape.dims
        for (axis, edges) in zip(dataFormat.axes(rank: Self.spatialRank).spatial, cropping) {
            starts[axis] = min(edges.before, sizes[axis])
            sizes[axis] = max(sizes[axis] - edges.total, 0)
        }
        return [try call.emit(.slice(starts: starts, sizes: sizes), x)]
    }
}
