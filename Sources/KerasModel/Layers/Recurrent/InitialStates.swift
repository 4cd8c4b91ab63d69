import Tensors

// The states that a recurrent layer begins with: further inputs of its call.

extension Call {
    /// Whether it hands states to a recurrent layer.
    package func beginsWithStates(_ layer: any Layer) -> Bool {
        (layer is any RecurrentLayer || layer is Bidirectional) && operands.count > 1
    }

    /// The same call with these states where the dialect has them: Keras 3 takes them by keyword, Kerases before it as further tensors of the one
    /// argument.
    ///
    /// - Throws: `unsupported` for those of several cells in Keras 3, which wants to know which are whose.
    package func withStates(of layer: any Layer, in dialect: Dialect) throws -> Call {
        guard beginsWithStates(layer) else { return self }
        let isByKeyword = arguments.count > 1 || keywordTensors.contains { $0.key == "initial_state" }
        guard isByKeyword != (dialect == .keras3) else { return self }
        var call = self
        call.keywordTensors.removeAll { $0.key == "initial_state" }
        let tensors = operands.map(Tree.leaf)
        if dialect == .keras3 {
            guard !((layer as? any RecurrentLayer)?.heldCell is StackedRNNCells) else {
                throw KerasError(.unsupported, "the states of several cells cannot be said in Keras 3", at: Place(key: "initial_state"))
            }
            call.arguments = [tensors[0]]
            call.keywordTensors.append(("initial_state", .list(Array(tensors.dropFirst()))))
        } else {
            call.arguments = [.list(tensors)]
        }
        return call
    }
}

/// A layer that can begin with states, and give them: what calling it gives.
private func called(_ layer: any Layer, _ input: SymbolicTensor, _ states: [SymbolicTensor], outputs: Int) -> [SymbolicTensor] {
    let keywords = states.isEmpty ? [] : [(key: "initial_state", value: Tree.list(states.map(Tree.leaf)))]
    let call = SymbolicCall(layer: layer, arguments: [.leaf(input)], keywordTensors: keywords)
    return (0..<outputs).map { SymbolicTensor(call, output: $0) }
}

extension RecurrentLayer {
    /// Calls the layer on steps, beginning with these states. Keras: `layer(x, initial_state=[h, c])`.
    public func callAsFunction(_ input: SymbolicTensor, initialState: [SymbolicTensor]) -> SymbolicTensor {
        called(self, input, initialState, outputs: 1)[0]
    }

    /// Every output of a call: with `returnState` the states come after the output. Keras: `y, h, c = layer(x)`.
    public func outputs(_ input: SymbolicTensor, initialState: [SymbolicTensor] = []) -> [SymbolicTensor] {
        called(self, input, initialState, outputs: 1 + (recurrent.returnState ? heldCell.stateCount : 0))
    }
}

extension Bidirectional {
    /// Calls the layer on steps, beginning with these states: the way forward's, then the way back's.
    public func callAsFunction(_ input: SymbolicTensor, initialState: [SymbolicTensor]) -> SymbolicTensor {
        called(self, input, initialState, outputs: 1)[0]
    }

    /// Every output of a call: one, or two without a merge mode; then the states of both ways, with `returnState`.
    public func outputs(_ input: SymbolicTensor, initialState: [SymbolicTensor] = []) -> [SymbolicTensor] {
        let states = forward.recurrent.returnState ? forward.heldCell.stateCount + backward.heldCell.stateCount : 0
        return called(self, input, initialState, outputs: (mergeMode == nil ? 2 : 1) + states)
    }
}
