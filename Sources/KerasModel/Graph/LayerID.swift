private import Synchronization

/// The identity of a layer. Each layer made mints one; copies keep it, so that calling a layer twice shares its weights.
public struct LayerID: Hashable, Sendable, Comparable {
    private let number: Int
    private static let next = Atomic<Int>(0)

    public init() { number = LayerID.next.add(1, ordering: .relaxed).newValue }
    public static func < (a: LayerID, b: LayerID) -> Bool { a.number < b.number }
}
