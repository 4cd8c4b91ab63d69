internal import Tensors

/// What a container may ask of this machine before anything is allocated for it.
package struct StorageLimits: Sendable {
    /// Members of one archive.
    package var members: Int
    /// How many times larger than its stored bytes inflated data may be: what deflate can do at all.
    package var ratio = 1032
    /// Bytes that anything inflates to.
    package var inflated: Int
    /// From this ratio on data is nearly all repetition, as a bomb's is…
    package var suspiciousRatio: Int
    /// …and may inflate to this many bytes only.
    package var suspicious: Int

    /// Those of ``Budgets/current``.
    package init() {
        let budgets = Budgets.current
        (members, inflated) = (budgets.archiveMembers, budgets.inflatedBytes)
        (suspiciousRatio, suspicious) = (budgets.suspiciousRatio, budgets.suspiciousBytes)
    }
    package static var standard: StorageLimits { StorageLimits() }
}
