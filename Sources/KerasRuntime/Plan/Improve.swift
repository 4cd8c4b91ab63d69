extension Draft {
    /// The passes, in the order in which each finds what the one before it has laid open.
    mutating func improve(_ store: ConstantStore) {
        foldConstants(store)
        cancelTransposes(store)
        foldConstants(store)
        foldPadding()
        foldScaling(store)
        fuseActivations()
        removeDeadNodes()
    }
}
