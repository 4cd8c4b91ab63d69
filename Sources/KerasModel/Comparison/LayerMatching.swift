import JSON
import Tensors

/// Which layer of one model is which of another: by name, class, settings and place, so that neither automatic names that count on nor a
/// layer put between others hide what stayed.
struct LayerMatching {
    /// Positions in the two lists.
    private(set) var pairs: [(a: Int, b: Int)] = []
    /// Pairs that stand at another place in the order.
    private(set) var moved: Set<Int> = []

    /// More pairs than this are not weighed against each other: names must do.
    private static let mostWeighed = 1 << 22

    private struct Face {
        let name: String
        let kind: String
        let meaning: [String]

        init(_ layer: any Layer) {
            name = layer.name
            kind = layer is ModelLayer ? "model" : type(of: layer).className
            meaning = LayerMeaning(layer).values.map { $0.value.serialized() }
        }

        /// How alike two layers are; 0 for those that have nothing in common.
        func likeness(to other: Face) -> Int {
            if kind != other.kind { return name == other.name ? 1 : 0 }
            return 4 + (name == other.name ? 3 : 0) + (meaning == other.meaning ? 4 : 0)
        }
    }

    init(_ a: [any Layer], _ b: [any Layer]) {
        let (left, right) = (a.map(Face.init), b.map(Face.init))
        let ordered = LayerMatching.aligned(left, right)
        pairs = ordered
        // What is left over and has the same name and class was moved.
        let (usedA, usedB) = (Set(ordered.map(\.a)), Set(ordered.map(\.b)))
        var free = Dictionary(
            right.indices.filter { !usedB.contains($0) }.map { ("\(right[$0].kind) \(right[$0].name)", $0) },
            uniquingKeysWith: { first, _ in first })
        for index in left.indices where !usedA.contains(index) {
            guard let partner = free.removeValue(forKey: "\(left[index].kind) \(left[index].name)") else { continue }
            pairs.append((index, partner))
            moved.insert(index)
        }
        pairs.sort { $0.a < $1.a }
    }

    /// The best alignment in order (Needleman and Wunsch), once equal beginnings and ends are set apart.
    private static func aligned(_ a: [Face], _ b: [Face]) -> [(a: Int, b: Int)] {
        var start = 0
        let best = 11
        while start < min(a.count, b.count), a[start].likeness(to: b[start]) == best { start += 1 }
        var end = 0
        while end < min(a.count, b.count) - start, a[a.count - 1 - end].likeness(to: b[b.count - 1 - end]) == best { end += 1 }
        let (rows, columns) = (a.count - start - end, b.count - start - end)
        var pairs = (0..<start).map { (a: $0, b: $0) }
        if rows > 0, columns > 0, rows * columns <= mostWeighed {
            var scores = [[Int]](repeating: [Int](repeating: 0, count: columns + 1), count: rows + 1)
            for row in stride(from: rows - 1, through: 0, by: -1) {
                for column in stride(from: columns - 1, through: 0, by: -1) {
                    let likeness = a[start + row].likeness(to: b[start + column])
                    let both = likeness > 0 ? likeness + scores[row + 1][column + 1] : 0
                    scores[row][column] = max(both, scores[row + 1][column], scores[row][column + 1])
                }
            }
            var (row, column) = (0, 0)
            while row < rows, column < columns {
                let likeness = a[start + row].likeness(to: b[start + column])
                if likeness > 0, scores[row][column] == likeness + scores[row + 1][column + 1] {
                    pairs.append((start + row, start + column))
                    (row, column) = (row + 1, column + 1)
                } else if scores[row][column] == scores[row + 1][column] {
                    row += 1
                } else {
                    column += 1
                }
            }
        }
        return pairs + (0..<end).reversed().map { (a.count - 1 - $0, b.count - 1 - $0) }
    }
}
