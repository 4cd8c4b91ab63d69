import JSON
import KerasRuntime

/// How long one call takes.
struct Timing {
    let median: Double
    let best: Double
    let calls: Int

    var json: JSON { ["seconds": .float(median), "best": .float(best), "calls": .integer(calls)] }

    /// Calls for about `seconds`, in blocks of a millisecond or of one call if that takes longer, after a warm-up of a fifth of it.
    static func measure(seconds: Double, _ call: () throws -> Void) throws -> Timing {
        let clock = ContinuousClock()
        func block(_ calls: Int) throws -> Double {
            Double(seconds: try clock.measure { for _ in 0..<calls { try call() } }) / Double(calls)
        }
        var (calls, spent, quickest) = (0, 0.0, Double.infinity)
        while spent < seconds * 0.2 || calls == 0 {
            let one = try block(1)
            (calls, spent, quickest) = (calls + 1, spent + one, min(quickest, one))
        }
        let size = max(Int(1e-3 / quickest), 1)
        var blocks: [Double] = []
        var total = 0.0
        while total < seconds || blocks.isEmpty {
            let each = try block(size)
            blocks.append(each)
            total += each * Double(size)
        }
        blocks.sort()
        let middle = blocks.count / 2
        let median = blocks.count % 2 == 1 ? blocks[middle] : (blocks[middle - 1] + blocks[middle]) / 2
        return Timing(median: median, best: blocks[0], calls: blocks.count * size)
    }
}
