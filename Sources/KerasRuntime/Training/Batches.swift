import KerasModel
import Tensors

/// One batch: a tensor for each input and output of a model.
public struct Batch: Sendable {
    /// `(n, …)` each.
    public var inputs: [Tensor]
    /// `(n, …)` each.
    public var targets: [Tensor]
    /// What each sample counts for, for each output; nil counts all alike.
    public var sampleWeights: [Tensor?]?

    public init(inputs: [Tensor], targets: [Tensor], sampleWeights: [Tensor?]? = nil) {
        self.inputs = inputs
        self.targets = targets
        self.sampleWeights = sampleWeights
    }

    public init(_ x: Tensor, _ y: Tensor, sampleWeight: Tensor? = nil) {
        self.init(inputs: [x], targets: [y], sampleWeights: sampleWeight.map { [$0] })
    }
}

/// Data that comes batch by batch: what is too large for memory, or made on the way. Keras: `keras.utils.PyDataset`, `Sequence`.
public protocol BatchSequence {
    /// Batches of an epoch. Keras: `__len__`.
    var count: Int { get }
    /// - Parameter index: 0 up to ``count``.
    func batch(at index: Int) throws -> Batch
    /// Called after each epoch, to shuffle for the next. Keras: `on_epoch_end`.
    mutating func onEpochEnd()
}

extension BatchSequence {
    public mutating func onEpochEnd() {}
}

/// Arrays cut into batches, in an order that is drawn anew for each epoch.
package struct ArrayBatches: BatchSequence, Sendable {
    private let data: Batch
    private let samples: Int
    private let batchSize: Int
    private let shuffle: Bool
    private let seed: UInt64
    private var epoch: UInt32
    private var order: [Int]

    /// - Parameters:
    ///   - rows: the samples used.
    ///   - seed: the same one gives the same order in each epoch.
    /// - Throws: a `mismatch` problem if the tensors have different numbers of samples, or none.
    package init(_ data: Batch, rows: Range<Int>, batchSize: Int, shuffle: Bool, seed: UInt64, epoch: Int = 0) throws {
        guard batchSize > 0, !rows.isEmpty else {
            throw KerasError(
                .mismatch, "there is nothing to cut into batches", found: "\(rows.count) samples in batches of \(batchSize)",
                expected: "at least 1 of each")
        }
        self.data = data
        samples = rows.count
        (self.batchSize, self.shuffle, self.seed, self.epoch) = (batchSize, shuffle, seed, UInt32(truncatingIfNeeded: epoch))
        order = Array(rows)
        if shuffle { mix() }
    }

    package var count: Int { (samples + batchSize - 1) / batchSize }

    package func batch(at index: Int) throws -> Batch {
        let places = index * batchSize..<min((index + 1) * batchSize, samples)
        let rows = order[places]
        func taken(_ tensor: Tensor) throws -> Tensor {
            // Neighbours are looked at where they lie.
            if !shuffle, let first = rows.first { return tensor[first..<first + rows.count] }
            return try tensor.rows(rows)
        }
        return Batch(
            inputs: try data.inputs.map(taken), targets: try data.targets.map(taken),
            sampleWeights: try data.sampleWeights?.map { try $0.map(taken) })
    }

    package mutating func onEpochEnd() {
        guard shuffle else { return }
        epoch &+= 1
        mix()
    }

    /// Fisher and Yates's shuffle, in the order of the epoch's own numbers.
    private mutating func mix() {
        order.sort()
        let random = Philox(seed: seed, stream: ArrayBatches.stream)
        for place in stride(from: order.count - 1, to: 0, by: -1) {
            let words = random.words(UInt64(place), attempt: epoch)
            order.swapAt(place, Int((UInt64(words[0]) << 32 | UInt64(words[1])).multipliedFullWidth(by: UInt64(place + 1)).high))
        }
    }

    /// Apart from those of the weights, which are counted from 0.
    private static let stream: UInt32 = 0xBA7C_0000
}

extension Batch {
    /// The number of samples, the same in all its tensors.
    ///
    /// - Throws: a `mismatch` problem if there are none, or they have different ones.
    package func sampleCount() throws -> Int {
        let all = inputs + targets + (sampleWeights ?? []).compactMap { $0 }
        let counts = all.map { $0.shape.dims.first ?? 0 }
        guard let first = counts.first, first > 0, counts.allSatisfy({ $0 == first }) else {
            throw KerasError(
                .mismatch, "inputs, targets and weights must have one entry per sample",
                found: all.map { "\($0.shape)" }.joined(separator: ", "), expected: "the same first length above 0")
        }
        return first
    }

    /// The samples in `rows`, which are views.
    package subscript(rows: Range<Int>) -> Batch {
        Batch(inputs: inputs.map { $0[rows] }, targets: targets.map { $0[rows] }, sampleWeights: sampleWeights?.map { $0.map { $0[rows] } })
    }
}
