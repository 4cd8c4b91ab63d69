/// What a container may ask of this machine before anything is allocated for it.
package struct StorageLimits: Sendable {
    /// Members of one archive.
    package var members = 1 << 16
    /// How many times larger than its stored bytes inflated data may be: what deflate can do at all.
    package var ratio = 1032
    /// Bytes that anything inflates to.
    package var inflated = 16 << 30
    /// From this ratio on data is nearly all repetition, as a bomb's is…
    package var suspiciousRatio = 100
    /// …and may inflate to this many bytes only.
    package var suspicious = 1 << 30

    package init() {}
    package static let standard = StorageLimits()
}
