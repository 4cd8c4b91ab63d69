/// Where each node's middle stands from left to right, so that connections are straight, long ones above all (Brandes and Köpf 2001): four
/// layouts, each leaning to one corner, and the mean of the two in the middle.
extension LayeredGraph {
    /// - Parameter gap: the least room between neighbours.
    func horizontalPlaces(gap: Double) -> [Double] {
        let (above, below) = (neighbours(above: true), neighbours(above: false))
        let conflicts = conflicts(above)
        var layouts: [[Double]] = []
        for isDown in [true, false] {
            for isLeft in [true, false] {
                var rows = isDown ? rows : rows.reversed()
                if !isLeft { rows = rows.map { $0.reversed() } }
                let neighbours = (isDown ? above : below).map { links in links.map { isDown ? $0.from.node : $0.to.node } }
                let places = layout(rows, neighbours, conflicts, gap)
                layouts.append(isLeft ? places : places.map { -$0 })
            }
        }
        func extent(_ places: [Double]) -> (low: Double, high: Double) {
            nodes.indices.reduce((Double.infinity, -Double.infinity)) { extent, node in
                (min(extent.0, places[node] - nodes[node].width / 2), max(extent.1, places[node] + nodes[node].width / 2))
            }
        }
        let extents = layouts.map(extent)
        guard let narrowest = extents.min(by: { $0.high - $0.low < $1.high - $1.low }) else { return [] }
        for index in layouts.indices {
            let shift = index % 2 == 0 ? narrowest.low - extents[index].low : narrowest.high - extents[index].high
            layouts[index] = layouts[index].map { $0 + shift }
        }
        var places = nodes.indices.map { node -> Double in
            let four = layouts.map { $0[node] }.sorted()
            return (four[1] + four[2]) / 2
        }
        // The mean keeps the distances but for rounding.
        for row in rows {
            for (left, right) in zip(row, row.dropFirst()) { places[right] = max(places[right], places[left] + distance(left, right, gap)) }
        }
        let left = extent(places).low
        return places.map { $0 - left }
    }

    private func distance(_ a: Int, _ b: Int, _ gap: Double) -> Double {
        // What passes through keeps closer.
        let room = nodes[a].isReal && nodes[b].isReal ? gap : gap / 2
        return (nodes[a].width + nodes[b].width) / 2 + room
    }

    private struct Pair: Hashable {
        let a: Int
        let b: Int
        init(_ a: Int, _ b: Int) { (self.a, self.b) = (min(a, b), max(a, b)) }
    }

    /// Short links that cross one between two nodes that lead through: they give way.
    private func conflicts(_ above: [[Link]]) -> Set<Pair> {
        var result: Set<Pair> = []
        for (upper, lower) in zip(rows, rows.dropFirst()) {
            let positions = Dictionary(uniqueKeysWithValues: upper.enumerated().map { ($1, $0) })
            var low = 0
            var scanned = 0
            for (place, node) in lower.enumerated() {
                let inner = nodes[node].isReal ? nil : above[node].first { !nodes[$0.from.node].isReal }?.from.node
                guard inner != nil || place == lower.count - 1 else { continue }
                let high = inner.flatMap { positions[$0] } ?? upper.count
                while scanned <= place {
                    for link in above[lower[scanned]] {
                        guard let position = positions[link.from.node] else { continue }
                        let isInner = !nodes[lower[scanned]].isReal && !nodes[link.from.node].isReal
                        if (position < low || position > high) && !isInner { result.insert(Pair(link.from.node, lower[scanned])) }
                    }
                    scanned += 1
                }
                low = inner == nil ? low : high
            }
        }
        return result
    }

    /// One of the four: nodes are aligned with a middle neighbour in the row before, and the columns that makes are pushed together.
    private func layout(_ rows: [[Int]], _ neighbours: [[Int]], _ conflicts: Set<Pair>, _ gap: Double) -> [Double] {
        var root = Array(nodes.indices)
        var align = Array(nodes.indices)
        var positions = [Int](repeating: 0, count: nodes.count)
        for row in rows { for (place, node) in row.enumerated() { positions[node] = place } }
        for row in rows {
            var reached = -1
            for node in row {
                let others = neighbours[node].sorted { positions[$0] < positions[$1] }
                guard !others.isEmpty else { continue }
                for middle in Set([(others.count - 1) / 2, others.count / 2]).sorted() where align[node] == node {
                    let other = others[middle]
                    guard reached < positions[other], !conflicts.contains(Pair(other, node)) else { continue }
                    align[other] = node
                    root[node] = root[other]
                    align[node] = root[node]
                    reached = positions[other]
                }
            }
        }
        return compacted(rows, root, gap) ?? compacted(rows, Array(nodes.indices), gap) ?? nodes.map { _ in 0 }
    }

    /// Columns as far left as they go, then as far right as costs no width; nil if columns stand left of each other in a circle.
    private func compacted(_ rows: [[Int]], _ root: [Int], _ gap: Double) -> [Double]? {
        var right = [[Int: Double]](repeating: [:], count: nodes.count)
        var incoming = [Int](repeating: 0, count: nodes.count)
        for row in rows {
            for (a, b) in zip(row, row.dropFirst()) where root[a] != root[b] {
                let room = distance(a, b, gap)
                if right[root[a]][root[b]] == nil { incoming[root[b]] += 1 }
                right[root[a]][root[b]] = max(right[root[a]][root[b]] ?? 0, room)
            }
        }
        let columns = nodes.indices.filter { root[$0] == $0 }
        var order = columns.filter { incoming[$0] == 0 }
        var places = [Double](repeating: 0, count: nodes.count)
        var next = 0
        while next < order.count {
            let column = order[next]
            next += 1
            for (other, room) in right[column].sorted(by: { $0.key < $1.key }) {
                places[other] = max(places[other], places[column] + room)
                incoming[other] -= 1
                if incoming[other] == 0 { order.append(other) }
            }
        }
        guard order.count == columns.count else { return nil }
        for column in order.reversed() {
            if let limit = right[column].map({ places[$0.key] - $0.value }).min() { places[column] = max(places[column], limit) }
        }
        return nodes.indices.map { places[root[$0]] }
    }
}
