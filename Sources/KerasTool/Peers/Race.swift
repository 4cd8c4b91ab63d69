import Keras
import KerasRuntime

/// Turns with other engines, A B A B …, so that a change of the clock or of the neighbours' load meets all.
struct Race {
    /// An engine's figures.
    struct Result {
        let peer: String
        let setting: String
        /// Seconds of one call in each round, theirs and ours.
        let theirs: [Double]
        let ours: [Double]
        /// The largest difference of the outputs.
        let difference: Double

        /// How many times as fast as the peer ours is: the median of the rounds.
        var ratio: Double { median(zip(theirs, ours).map { $0 / $1 }) }
    }

    static let rounds = 5
    static let seconds = 0.3

    /// - Throws: `unsupported` for an engine that cannot run here, before anything is timed.
    static func run(
        against engines: [Peer.Engine], model: String, input: Tensor, threads: Int, python: String, output: Tensor,
        ours: () throws -> Void
    ) throws -> [Result] {
        let peers = try engines.map { try Peer($0, model: model, batch: input.shape[0], threads: threads, python: python) }
        let mine = try output.scalars(as: Double.self)
        let differences = try peers.map { peer in
            let theirs = try peer.predict(input).scalars(as: Double.self)
            guard theirs.count == mine.count else {
                throw KerasError(
                    .mismatch, "\(peer.engine.rawValue) gives an output of another size", found: "\(theirs.count) numbers",
                    expected: "\(mine.count)")
            }
            return zip(theirs, mine).reduce(0) { max($0, abs($1.0 - $1.1)) }
        }
        var own: [Double] = []
        var times = peers.map { _ in [Double]() }
        for _ in 0..<rounds {
            own.append(try time(ours))
            for (index, peer) in peers.enumerated() { times[index].append(try peer.run(seconds: seconds)) }
        }
        return peers.indices.map { index in
            Result(
                peer: "\(peers[index].engine.rawValue) \(peers[index].version)", setting: peers[index].setting, theirs: times[index],
                ours: own, difference: differences[index])
        }
    }

    /// Seconds of one call, as `peer.py` measures them: the median of blocks of a millisecond, or of one call if that takes longer.
    private static func time(_ call: () throws -> Void) throws -> Double {
        let clock = ContinuousClock()
        func block(_ calls: Int) throws -> Double {
            Double(seconds: try clock.measure { for _ in 0..<calls { try call() } }) / Double(calls)
        }
        var (spent, quickest) = (0.0, Double.infinity)
        while spent < seconds * 0.2 {
            let one = try block(1)
            (spent, quickest) = (spent + one, min(quickest, one))
        }
        let size = max(Int(1e-3 / quickest), 1)
        var blocks: [Double] = []
        var total = 0.0
        while total < seconds {
            blocks.append(try block(size))
            total += blocks[blocks.count - 1] * Double(size)
        }
        return median(blocks)
    }
}

/// The middle one, or the mean of the two.
func median(_ numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
