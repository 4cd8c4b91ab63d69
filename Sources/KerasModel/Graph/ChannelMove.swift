import Tensors

/// The channels of images go to the other end of their axes: `(n, s…, c)` becomes `(n, c, s…)`, or the other way round.
///
/// Keras keeps kernels in one order for both data formats, so that what changes is said by the layers: their `data_format`, the axes they
/// name, and few weights that have an image's shape.
public struct ChannelMove: Sendable {
    public let to: DataFormat

    public init(to: DataFormat) { self.to = to }

    public var from: DataFormat { to == .channelsFirst ? .channelsLast : .channelsFirst }

    /// The former places of the axes, in the order in which they stand afterwards.
    package func order(rank: Int) -> [Int] {
        guard rank > 2 else { return Array(0..<rank) }
        return to == .channelsFirst ? [0, rank - 1] + Array(1..<rank - 1) : [0] + Array(2..<rank) + [1]
    }

    /// The way back.
    package var inverse: ChannelMove { ChannelMove(to: from) }

    package func callAsFunction(_ shape: SymbolicShape) -> SymbolicShape { SymbolicShape(order(rank: shape.rank).map { shape[$0] }) }

    /// Where `axis` of a tensor of this shape stands afterwards, counted from the front.
    ///
    /// - Throws: a `mismatch` problem if there is no such axis.
    func axis(_ axis: Int, of shape: SymbolicShape) throws -> Int {
        let old = try shape.axis(axis)
        return order(rank: shape.rank).firstIndex(of: old)!
    }
}

/// How a layer does on images whose channels have moved (``ChannelMove``).
public enum Relaid: Sendable {
    /// It takes its inputs as they were.
    case fixed
    /// It takes them either way, and gives its output likewise: moved ones as this layer does.
    case either(any Layer, transposing: [WeightTransposition] = [])
    /// It takes moved ones alone, and gives a moved output. What it did along the axes of its output is then done by a layer of its own.
    /// `caution` says for which inputs it may be another layer then.
    case moved(any Layer, then: (any Layer)? = nil, caution: String? = nil)
    /// It does nothing but bring the axes of its input into another order.
    case permutes([Int])
}

/// A weight that has an image's axes: the former ones in the order in which they stand afterwards.
public struct WeightTransposition: Sendable {
    package var index: Int
    package var axes: [Int]
}

extension Layer {
    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .fixed }

    /// For layers that have a data format and hang on nothing else.
    func switched(_ move: ChannelMove, _ format: WritableKeyPath<Self, DataFormat>) -> Relaid {
        self[keyPath: format] == move.from ? .moved(with { $0[keyPath: format] = move.to }) : .fixed
    }

    /// For layers that say their data format in Keras 3's files alone.
    func switchedInKeras3(_ move: ChannelMove, _ format: WritableKeyPath<Self, DataFormat>) -> Relaid {
        Dialect.older.contains(base.dialect ?? .keras3) ? .fixed : switched(move, format)
    }

    /// For layers that work along some axes.
    func relaid(_ move: ChannelMove, _ input: SymbolicShape, _ axes: WritableKeyPath<Self, Axes>) throws -> Relaid {
        var copy = self
        copy[keyPath: axes].values = try self[keyPath: axes].values.map { try move.axis($0, of: input) }
        return .either(copy)
    }
}
