import KerasModel
import Tensors

/// What goes back through a loop: another loop, the other way, whose body is what goes back through one step.
///
/// What the body computed and the way back reads again is kept by the loop itself, which gives more than it did. A weight that the body
/// multiplies by gets its gradient after the loop, in one product over all steps; anything else that is the same at every step is added up as
/// a state.
struct ScanGradient {
    let scan: Scan
    /// The loop's place in the graph of the tape.
    let index: Int
    let operands: [Term]
    let wanted: [Bool]
    /// What the results get.
    let given: [Term?]
    let tape: Tape

    /// A product in the body with an operand that is the same at every step.
    private struct Product {
        let node: OpGraph.Node
        let capture: Int
    }

    /// What each operand of the loop gets.
    func terms() throws -> [Term?] {
        let forward = scan.graph
        let shared = scan.sequences + scan.states
        let captures = operands.indices.dropFirst(shared).filter { wanted[$0] }
        let products: [Product] = captures.flatMap { readers(of: $0) ?? [] }
        let summed = captures.filter { readers(of: $0) == nil }

        // One step back.
        var body = forward
        let stateSeeds = (0..<scan.states).map { body.input(like: forward.inputs[scan.sequences + $0]) }
        let keptSeeds = (scan.states..<forward.outputs.count).map { given[$0] == nil ? nil : body.input(like: forward.outputs[$0]) }
        let targets = zip(forward.outputs, stateSeeds.map(Optional.some) + keptSeeds).compactMap { value, seed in
            seed.map { (value: value, seed: $0) }
        }.filter { body.values[$0.value].dtype.isFloatingPoint }
        let slices = (0..<scan.sequences).filter { wanted[$0] }
        let asked =
            (scan.sequences..<shared).map { forward.inputs[$0] } + slices.map { forward.inputs[$0] } + summed.map { forward.inputs[$0] }
            + products.map(\.node.output)
        let sums = summed.map { body.input(like: forward.inputs[$0]) }
        var found = try body.addGradients(of: targets, for: asked)[...]
        let back = Tape(body)
        var results: [OpGraph.ValueID] = []
        for index in 0..<scan.states {
            let gradient = found.popFirst() ?? nil
            results.append(try gradient ?? back.zeros(like: forward.inputs[scan.sequences + index]).value.id)
        }
        let ofSlices = slices.map { _ in found.popFirst() ?? nil }
        for sum in sums {
            let gradient = found.popFirst() ?? nil
            results.append(try gradient.map { try (back.term(sum) + back.term($0)).value.id } ?? sum)
        }
        let ofProducts = products.map { _ in found.popFirst() ?? nil }
        let outputs = results + (ofSlices + ofProducts).compactMap { $0 }
        body = back.graph

        // What it reads of the way there is kept.
        let first = products.indices.filter { ofProducts[$0] != nil }.map { products[$0].node.inputs[0] }
        let saved = kept(in: body, for: outputs, besides: first)
        let fresh = saved.filter { value in !forward.outputs.dropFirst(scan.states).contains(value) }
        if !fresh.isEmpty {
            // The nodes of the way there stand first, loops inside as they are extended by now.
            let there = try body.part(from: forward.inputs, to: forward.outputs + fresh)
            let extended = Scan(there, sequences: scan.sequences, states: scan.states, isReversed: scan.isReversed)
            _ = try tape.extend(node: index, to: extended)
        }
        let known = tape.graph.nodes[index].outputs
        func whole(_ value: OpGraph.ValueID) -> Term {
            if let slice = forward.inputs.prefix(scan.sequences).firstIndex(of: value) { return operands[slice] }
            if let place = forward.outputs.dropFirst(scan.states).firstIndex(of: value) { return tape.term(known[place]) }
            return tape.term(known[forward.outputs.count + (fresh.firstIndex(of: value) ?? 0)])
        }

        // The loop back.
        let sliceInputs = Array(forward.inputs.prefix(scan.sequences))
        var sequences: [(OpGraph.ValueID, Term)] = (sliceInputs + saved).map { ($0, whole($0)) }
        for (seed, term) in zip(keptSeeds, given.dropFirst(scan.states)) {
            if let seed, let term { sequences.append((seed, term)) }
        }
        var states: [(OpGraph.ValueID, Term)] = []
        for (index, seed) in stateSeeds.enumerated() {
            states.append((seed, try given[index] ?? tape.zeros(operands[scan.sequences + index].value)))
        }
        for (capture, sum) in zip(summed, sums) { states.append((sum, try tape.zeros(operands[capture].value))) }
        let constants = forward.inputs.indices.dropFirst(shared).map { (forward.inputs[$0], operands[$0]) }
        let all = sequences + states + constants
        let loop = Scan(
            try body.part(from: all.map(\.0), to: outputs), sequences: sequences.count, states: states.count, isReversed: !scan.isReversed)
        var gained = try tape.emitAll(.scan(loop), all.map(\.1))[...]

        var terms = [Term?](repeating: nil, count: operands.count)
        for index in 0..<scan.states { terms[scan.sequences + index] = gained.popFirst() }
        for capture in summed { terms[capture] = gained.popFirst() }
        for (slice, gradient) in zip(slices, ofSlices) where gradient != nil { terms[slice] = gained.popFirst() }
        for (product, gradient) in zip(products, ofProducts) where gradient != nil {
            guard let dy = gained.popFirst() else { continue }
            let own = try self.gradient(of: product, x: whole(product.node.inputs[0]), dy: dy)
            if let own { terms[product.capture] = try terms[product.capture].map { try $0 + own } ?? own }
        }
        return terms
    }

    /// The products with this operand, if nothing else reads it.
    private func readers(of capture: Int) -> [Product]? {
        let value = scan.graph.inputs[capture]
        let nodes = scan.graph.nodes.filter { $0.inputs.contains(value) }
        let isProduct = nodes.allSatisfy { node in
            switch node.op {
            case .matrixMultiply:
                scan.graph.values[value].shape.rank == 2 && node.inputs.indices.allSatisfy { ($0 == 1) == (node.inputs[$0] == value) }
            case .convolution: node.inputs.indices.allSatisfy { ($0 == 1) == (node.inputs[$0] == value) }
            default: false
            }
        }
        return isProduct && !scan.graph.outputs.contains(value) ? nodes.map { Product(node: $0, capture: capture) } : nil
    }

    /// What the product's second operand gets from all steps: they are so many more rows.
    private func gradient(of product: Product, x: Term, dy: Term) throws -> Term? {
        func folded(_ term: Term) throws -> Term {
            try term.reshaped(try Shape(checking: [term.shape[0] * term.shape[1]] + term.shape.dims.dropFirst(2)))
        }
        let (x, dy) = (try folded(x), try folded(dy))
        let operands = [x, self.operands[product.capture]]
        return try product.node.op.gradients(Backward(operands: operands, wanted: [false, true], y: dy, dy: dy))[1]
    }

    /// The values of the way there that `outputs` hang on: what is computed is kept, what is only moved is moved again.
    private func kept(in body: OpGraph, for outputs: [OpGraph.ValueID], besides: [OpGraph.ValueID]) -> [OpGraph.ValueID] {
        let forward = scan.graph
        let slices = Set(forward.inputs.prefix(scan.sequences))
        let states = Set(forward.inputs[scan.sequences..<scan.sequences + scan.states])
        var changes = slices.union(states)
        for node in forward.nodes where node.inputs.contains(where: changes.contains) { changes.formUnion(node.outputs) }
        var kept = Set(besides.filter { !slices.contains($0) })
        var isNeeded = [Bool](repeating: false, count: body.values.count)
        for output in outputs { isNeeded[output] = true }
        for (index, node) in body.nodes.enumerated().reversed() {
            let needed = node.outputs.filter { isNeeded[$0] }
            guard !needed.isEmpty else { continue }
            let isThere = index < forward.nodes.count
            if isThere, changes.contains(node.output), node.op.computes || node.op.isScan {
                kept.formUnion(needed)
            } else if !(isThere && needed.allSatisfy(kept.contains)) {
                for input in node.inputs { isNeeded[input] = true }
            }
        }
        kept.formUnion(states.filter { isNeeded[$0] })
        return kept.sorted()
    }
}

extension OpGraph {
    /// A further input like one of the values.
    fileprivate mutating func input(like value: ValueID) -> ValueID { input(shape: values[value].shape, dtype: values[value].dtype).id }
}

extension Tape {
    fileprivate func zeros(like value: OpGraph.ValueID) throws -> Term { try zeros(graph.value(value)) }

    fileprivate func zeros(_ value: Value) throws -> Term {
        try constant(0, as: value.dtype).broadcast(to: value.shape)
    }
}
