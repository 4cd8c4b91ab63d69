extension Draft {
    /// The passes, in the order in which each finds what the one before it has laid open.
    mutating func improve(_ store: ConstantStore, fusions: Fusions) {
        foldConstants(store)
        cancelTransposes(store)
        foldConstants(store)
        absorbTransposes()
        foldPadding()
        foldScaling(store)
        foldInputScaling(store)
        fuseScaleShifts(store)
        if fusions.contains(.addends) { fuseAddends() }
        if fusions.contains(.activations) { fuseActivations() }
        foldPoolPadding()
        if fusions.contains(.pooling) { fusePooling() }
        if fusions.contains(.separable) { fuseSeparable() }
        if fusions.contains(.projections) { fuseProjections() }
        removeDeadNodes()
        pairScans()
    }
}

/// What may be fused into the step before it. None of it changes a bit, which tests see by leaving it out.
package struct Fusions: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let activations = Fusions(rawValue: 1)
    package static let addends = Fusions(rawValue: 2)
    package static let pooling = Fusions(rawValue: 4)
    package static let separable = Fusions(rawValue: 8)
    package static let projections = Fusions(rawValue: 16)
    /// What the steps can do.
    package static let all: Fusions = [.activations, .addends, .pooling, .separable, .projections]
}
