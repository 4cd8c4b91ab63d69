import Tensors

extension Layer {
    /// The one input of a layer that takes no more.
    ///
    /// - Throws: a `mismatch` problem if there are more, or too few axes.
    func onlyInput(_ inputs: [SymbolicShape], ofRankAtLeast rank: Int = 0) throws -> SymbolicShape {
        guard inputs.count == 1, let input = inputs.first, input.rank >= rank else {
            throw KerasError(
                .mismatch, "\(Self.className) takes one input of at least \(rank) axes",
                found: inputs.map(\.description).joined(separator: ", "))
        }
        return input
    }
}
