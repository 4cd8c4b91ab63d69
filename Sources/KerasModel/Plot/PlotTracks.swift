/// The heights at which lines run sideways between two rows: those that would cover each other run at heights of their own; those that leave
/// one place, or meet at one from either side, run together.
struct PlotTracks {
    struct Span {
        var from: Double
        var to: Double
        var source: LayeredGraph.Port
        var target: LayeredGraph.Port
    }

    /// For each line its track, counted from above.
    private(set) var places: [Int]
    private(set) var count = 0

    init(_ spans: [Span]) {
        places = spans.map { _ in 0 }
        var groups: [LayeredGraph.Port: [Int]] = [:]
        for (index, span) in spans.enumerated() where abs(span.from - span.to) > 0.01 { groups[span.source, default: []].append(index) }
        struct Group {
            var members: [Int]
            var low: Double
            var high: Double
            var from: Double
            var ends: [Double]
            /// If there is but one.
            var target: LayeredGraph.Port?
        }
        var waiting = groups.values.map { members in
            let ends = members.map { spans[$0].to }
            let from = spans[members[0]].from
            return Group(
                members: members, low: min(from, ends.min() ?? from), high: max(from, ends.max() ?? from), from: from, ends: ends,
                target: members.count == 1 ? spans[members[0]].target : nil)
        }.sorted { ($0.low, $0.high, $0.from) < ($1.low, $1.high, $1.from) }
        // A line that comes down at a place where another starts must run below where that one turns.
        func mustFollow(_ a: Group, _ b: Group) -> Bool { a.ends.contains { abs($0 - b.from) < 1 } }
        var tracks: [[Group]] = []
        var starts: [(from: Double, track: Int)] = []
        while !waiting.isEmpty {
            let index = waiting.indices.first { index in
                !waiting.indices.contains { $0 != index && mustFollow(waiting[index], waiting[$0]) }
            }
            let group = waiting.remove(at: index ?? 0)
            let lowest = starts.filter { start in group.ends.contains { abs($0 - start.from) < 1 } }.map { $0.track + 1 }.max() ?? 0
            let track =
                tracks.indices.first { track in
                    track >= lowest
                        && tracks[track].allSatisfy {
                            PlotTracks.areApart(
                                $0.low...$0.high, group.low...group.high, meet: $0.target != nil && $0.target == group.target)
                        }
                } ?? max(tracks.count, lowest)
            while tracks.count <= track { tracks.append([]) }
            tracks[track].append(group)
            starts.append((group.from, track))
            for member in group.members { places[member] = track }
        }
        count = tracks.count
    }

    private static func areApart(_ a: ClosedRange<Double>, _ b: ClosedRange<Double>, meet: Bool) -> Bool {
        let room = meet ? -0.01 : 6
        return a.upperBound + room < b.lowerBound || a.lowerBound - room > b.upperBound
    }
}
