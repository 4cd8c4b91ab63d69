/// Puts the nodes of each row in an order in which few connections cross: medians of the neighbouring row, up and down, and the best of all
/// that was met (Gansner, Koutsofios, North and Vo 1993).
extension LayeredGraph {
    mutating func reduceCrossings() {
        guard rows.contains(where: { $0.count > 1 }) else { return }
        let (above, below) = (neighbours(above: true), neighbours(above: false))
        startInOrder(below)
        var best = (rows: rows, crossings: crossings(above))
        for sweep in 0..<24 where best.crossings > 0 {
            let isDown = sweep % 2 == 0
            let order = isDown ? Array(rows.indices.dropFirst()) : Array(rows.indices.dropLast().reversed())
            for row in order { sortByMedians(row, isDown ? above : below, isDown: isDown) }
            exchange(above, below)
            let count = crossings(above)
            if count < best.crossings { best = (rows, count) }
        }
        rows = best.rows
    }

    /// As a search from each start in turn meets them: what hangs together stands together.
    private mutating func startInOrder(_ below: [[Link]]) {
        var rankOf = [Int](repeating: 0, count: nodes.count)
        for (rank, row) in rows.enumerated() { for node in row { rankOf[node] = rank } }
        var seen = [Bool](repeating: false, count: nodes.count)
        var found: [[Int]] = Array(repeating: [], count: rows.count)
        for start in rows.joined() where !seen[start] {
            var stack = [start]
            while let node = stack.popLast() {
                guard !seen[node] else { continue }
                seen[node] = true
                found[rankOf[node]].append(node)
                stack += below[node].map(\.to.node).reversed()
            }
        }
        rows = found
    }

    private func positions() -> [Int] {
        var result = [Int](repeating: 0, count: nodes.count)
        for row in rows { for (position, node) in row.enumerated() { result[node] = position } }
        return result
    }

    private mutating func sortByMedians(_ row: Int, _ links: [[Link]], isDown: Bool) {
        let positions = positions()
        let keys = rows[row].map { node -> Double? in
            let places = links[node].map { link in
                let port = isDown ? link.from : link.to
                return Double(positions[port.node]) + port.offset / 1e4
            }.sorted()
            guard !places.isEmpty else { return nil }
            let middle = places.count / 2
            return places.count % 2 == 1 ? places[middle] : (places[middle - 1] + places[middle]) / 2
        }
        // Those without neighbours keep their places.
        let movable = rows[row].indices.filter { keys[$0] != nil }
        let sorted = movable.sorted { (keys[$0]!, $0) < (keys[$1]!, $1) }.map { rows[row][$0] }
        for (place, node) in zip(movable, sorted) { rows[row][place] = node }
    }

    /// Exchanges neighbours as long as that saves crossings.
    private mutating func exchange(_ above: [[Link]], _ below: [[Link]]) {
        var hasImproved = true
        var rounds = 0
        while hasImproved && rounds < 8 {
            (hasImproved, rounds) = (false, rounds + 1)
            var places = positions()
            for row in rows.indices {
                for place in rows[row].indices.dropLast() {
                    let (a, b) = (rows[row][place], rows[row][place + 1])
                    func count(_ a: Int, _ b: Int) -> Int {
                        LayeredGraph.crossings(above[a].map { ($0.from, places) }, above[b].map { ($0.from, places) })
                            + LayeredGraph.crossings(below[a].map { ($0.to, places) }, below[b].map { ($0.to, places) })
                    }
                    if count(b, a) < count(a, b) {
                        rows[row].swapAt(place, place + 1)
                        places.swapAt(a, b)
                        hasImproved = true
                    }
                }
            }
        }
    }

    /// How often the links of a node cross those of one to its right.
    private static func crossings(_ left: [(Port, [Int])], _ right: [(Port, [Int])]) -> Int {
        left.reduce(0) { sum, a in
            sum + right.filter { b in (a.1[a.0.node], a.0.offset) > (b.1[b.0.node], b.0.offset) }.count
        }
    }

    private func crossings(_ above: [[Link]]) -> Int {
        let positions = positions()
        var sum = 0
        for row in rows.dropFirst() {
            var ends: [(Int, Double, Int, Double)] = []
            for node in row {
                for link in above[node] { ends.append((positions[link.from.node], link.from.offset, positions[node], link.to.offset)) }
            }
            for (index, a) in ends.enumerated() {
                for b in ends[(index + 1)...]
                where ((a.0, a.1) < (b.0, b.1) && (a.2, a.3) > (b.2, b.3)) || ((a.0, a.1) > (b.0, b.1) && (a.2, a.3) < (b.2, b.3)) {
                    sum += 1
                }
            }
        }
        return sum
    }
}
