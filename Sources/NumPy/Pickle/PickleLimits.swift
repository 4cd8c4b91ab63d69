internal import Tensors

/// What a pickle may ask of this machine. Each is checked before anything is allocated for it.
package struct PickleLimits: Sendable {
    /// Values it makes: in all, and counted once for every place where a shared one stands.
    package var values = 1 << 24
    /// Instructions it consists of.
    package var operations = 1 << 26
    /// Values it keeps for later use.
    package var memo = Budgets.current.pickleMemo
    /// How deep values stand in one another.
    package var depth = Budgets.current.pickleDepth
    /// Fields of a structure, those of structures in it included.
    package var fields = 1 << 12
    /// The longest line of the text protocol that is a number or a name.
    package var line = 1 << 10
    /// How many times its own length may be copied: a sound one is decoded from text, encoded again, and its bytes swapped.
    package var copies = 4

    package init() {}
    package static var standard: PickleLimits { PickleLimits() }
}
