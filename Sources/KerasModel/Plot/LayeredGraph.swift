/// A graph on its way to a layered drawing (Sugiyama, Tagawa and Toda 1981): nodes in rows, every connection from a row to the next. What spans
/// several rows is led through a node of its own in each row between; all that leaves one place shares them.
struct LayeredGraph {
    struct Node {
        var width: Double
        var height: Double
        /// False for the nodes that only lead a connection through a row.
        var isReal: Bool
    }

    /// A place on a node's upper or lower side, so far from its middle.
    struct Port: Hashable {
        var node: Int
        var offset = 0.0
    }

    struct Link: Hashable {
        var from: Port
        var to: Port
        /// True if the connection runs upwards: the graph has a cycle.
        var isReversed = false
    }

    private(set) var nodes: [Node]
    /// Between neighbouring rows, each once.
    private(set) var links: [Link] = []
    /// The nodes of each row from left to right.
    var rows: [[Int]] = []
    /// A node connected to itself.
    private(set) var loops: [Int] = []

    /// - Parameters:
    ///   - first: nodes that stand in a first row of their own.
    ///   - last: nodes that stand in a last row of their own.
    init(nodes: [Node], links given: [Link], first: [Int] = [], last: [Int] = []) {
        self.nodes = nodes
        loops = Array(Set(given.filter { $0.from.node == $0.to.node }.map(\.from.node))).sorted()
        var links = given.filter { $0.from.node != $0.to.node }
        let backwards = LayeredGraph.backwards(count: nodes.count, links)
        for index in links.indices where backwards.contains(index) {
            let link = links[index]
            // The offsets stay on their nodes' other sides, where a reversed connection ends.
            links[index] = Link(from: Port(node: link.to.node), to: Port(node: link.from.node), isReversed: true)
        }
        let ranks = LayeredGraph.ranks(count: nodes.count, links, first: first, last: last)
        rows = Array(repeating: [], count: (ranks.max() ?? -1) + 1)
        for (node, rank) in ranks.enumerated() { rows[rank].append(node) }
        addLinks(links, ranks)
    }

    /// The links that would close a cycle, met in a search from the first node on.
    private static func backwards(count: Int, _ links: [Link]) -> Set<Int> {
        var outgoing = [[Int]](repeating: [], count: count)
        for (index, link) in links.enumerated() { outgoing[link.from.node].append(index) }
        var result: Set<Int> = []
        // 0: not met, 1: open, 2: done.
        var state = [Int](repeating: 0, count: count)
        for start in 0..<count where state[start] == 0 {
            var stack = [(node: start, next: 0)]
            state[start] = 1
            while let (node, next) = stack.last {
                guard next < outgoing[node].count else {
                    state[node] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let link = outgoing[node][next]
                let target = links[link].to.node
                if state[target] == 1 { result.insert(link) }
                if state[target] == 0 {
                    state[target] = 1
                    stack.append((target, 0))
                }
            }
        }
        return result
    }

    /// As far down as the longest way from a start; what nothing leads to stands just above what it leads to.
    private static func ranks(count: Int, _ links: [Link], first: [Int], last: [Int]) -> [Int] {
        var incoming = [Int](repeating: 0, count: count)
        var outgoing = [[Int]](repeating: [], count: count)
        for link in links {
            incoming[link.to.node] += 1
            outgoing[link.from.node].append(link.to.node)
        }
        let isSource = incoming.map { $0 == 0 }
        let ends = Set(first + last)
        var ranks = (0..<count).map { first.isEmpty || first.contains($0) ? 0 : 1 }
        var ready = (0..<count).filter { isSource[$0] }
        var next = 0
        while next < ready.count {
            let node = ready[next]
            next += 1
            for target in outgoing[node] {
                ranks[target] = max(ranks[target], ranks[node] + 1)
                incoming[target] -= 1
                if incoming[target] == 0 { ready.append(target) }
            }
        }
        for node in 0..<count where isSource[node] && !ends.contains(node) {
            if let nearest = outgoing[node].map({ ranks[$0] }).min() { ranks[node] = nearest - 1 }
        }
        let bottom = ((0..<count).filter { !last.contains($0) }.map { ranks[$0] }.max() ?? -1) + 1
        for node in last { ranks[node] = bottom }
        return ranks
    }

    private mutating func addLinks(_ long: [Link], _ ranks: [Int]) {
        struct Start: Hashable {
            var port: Port
            var isReversed: Bool
        }
        var chains: [Start: [Int]] = [:]
        var seen: Set<Link> = []
        for link in long {
            let (top, bottom) = (ranks[link.from.node], ranks[link.to.node])
            let start = Start(port: link.from, isReversed: link.isReversed)
            var place = link.from
            for (step, rank) in (top + 1..<max(bottom, top + 1)).enumerated() {
                if chains[start, default: []].count <= step {
                    nodes.append(Node(width: 12, height: 0, isReal: false))
                    rows[rank].append(nodes.count - 1)
                    chains[start, default: []].append(nodes.count - 1)
                }
                let through = Port(node: chains[start]![step])
                let piece = Link(from: place, to: through, isReversed: link.isReversed)
                if seen.insert(piece).inserted { links.append(piece) }
                place = through
            }
            let piece = Link(from: place, to: link.to, isReversed: link.isReversed)
            if seen.insert(piece).inserted { links.append(piece) }
        }
    }

    /// For each node the links from the row above, or to the row below.
    func neighbours(above: Bool) -> [[Link]] {
        var result = [[Link]](repeating: [], count: nodes.count)
        for link in links { result[above ? link.to.node : link.from.node].append(link) }
        return result
    }
}
