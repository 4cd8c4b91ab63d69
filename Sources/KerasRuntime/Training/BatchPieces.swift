import Tensors

/// How a batch of training is cut into smaller ones, whose gradients are added up: what one keeps for its way back then stays in the cache.
enum BatchPieces {
    /// Bytes that the activations of a piece may take: a share of the last cache. Tests have a smaller one.
    @TaskLocal static var cache = 12 << 20
    /// Random numbers come in blocks of four, whose first must be a sample's first.
    private static let multiple = 4

    /// The samples of a piece; nil if the batch goes through whole.
    ///
    /// - Parameter gradients: their bytes, all of which every further piece moves three times.
    static func size(_ graph: TrainingGraph, samples: Int, gradients: Int, _ options: RuntimeOptions) -> Int? {
        guard let bytes = graph.bytesPerSample, bytes > 0, !options.reference, bytes * samples > 2 * cache else { return nil }
        let count = (bytes * samples + cache - 1) / cache
        let size = max((samples + count - 1) / count / multiple, 2) * multiple
        let pieces = (samples + size - 1) / size
        return pieces > 1 && 3 * gradients * (pieces - 1) < bytes * samples / 2 ? size : nil
    }
}

extension TrainingGraph.Form {
    var samples: Int { inputs.first?.dims.first ?? 0 }

    /// The same with so many samples.
    func cut(to samples: Int) -> TrainingGraph.Form {
        func cut(_ shape: Shape) -> Shape { Shape([samples] + shape.dims.dropFirst()) }
        return TrainingGraph.Form(inputs: inputs.map(cut), targets: targets.map { $0.map(cut) }, weights: weights.map { $0.map(cut) })
    }
}

extension TrainingProgram.Results? {
    /// With those of another piece, whose mean counts for this share of the whole.
    func adding(_ piece: TrainingProgram.Results, share: Double) -> TrainingProgram.Results {
        var piece = piece
        for index in piece.figures.indices { piece.figures[index].loss? *= share }
        piece.total *= share
        guard var sum = self else { return piece }
        sum.total += piece.total
        for index in sum.figures.indices { sum.figures[index].add(piece.figures[index]) }
        return sum
    }
}

extension BatchFigures {
    fileprivate mutating func add(_ other: BatchFigures) {
        loss = loss.map { $0 + (other.loss ?? 0) }
        for index in metrics.indices {
            guard case .mean(let sum, let weight) = metrics[index].part, case .mean(let more, let moreWeight) = other.metrics[index].part
            else {
                continue
            }
            metrics[index].part = .mean(sum: sum + more, weight: weight + moreWeight)
        }
    }
}

/// Adds gradients to others, in runs that threads share out.
final class GradientSum: PoolWork, @unchecked Sendable {
    // Sound to share: every run is a part of the numbers of its own.
    private let sums: [Tensor]
    private let others: [Tensor]
    private let runs: [(tensor: Int, range: Range<Int>)]

    init(_ sums: [Tensor], _ others: [Tensor]) {
        (self.sums, self.others) = (sums, others)
        runs = sums.enumerated().flatMap { index, sum in
            stride(from: 0, to: sum.count, by: 1 << 15).map { (index, $0..<min($0 + 1 << 15, sum.count)) }
        }
    }

    func run(threads: Int) { WorkerPool.shared.run(runs.count, threads: threads, self) }

    func perform(_ task: Int, slot: Int) {
        let (tensor, range) = runs[task]
        let (sum, other) = (sums[tensor].numbers, others[tensor].numbers)
        for index in range { sum[index] += other[index] }
    }
}
