// One file, a little over 300 lines: placing values is one walk, and what it decides hangs together.

import KerasModel
import Tensors

/// Lays a draft out: walks its nodes in order, gives each value a place, and makes the steps.
struct PlanBuilder<T: ComputeScalar> {
    let draft: Draft
    let store: ConstantStore
    let options: RuntimeOptions
    let kernels: T.Kernels

    private(set) var steps: [any Step<T>] = []
    private(set) var info: [Plan<T>.StepInfo] = []
    private(set) var constants: [Tensor] = []
    var arenaBytes: Int { allocator.size }

    private var allocator = ArenaAllocator()
    /// Values that share memory (a reshape and what it reshapes, a run of rows and the rows) share a root.
    private var roots: [Draft.ValueID]
    /// Bytes from where the root begins to where the value does.
    private var offsets: [Int]
    /// Values that are others' memory read otherwise.
    private var aliases: Set<Draft.ValueID> = []
    /// By root: readings still to come.
    private var remaining: [Int]
    private var locations: [Location?]
    private var constantLocations: [ConstantID: Location] = [:]
    /// Bytes of scratch memory the step in the making has asked for, and the most that any did.
    private var scratchUsed = 0
    private(set) var scratchBytes = 0
    /// What must run after the step in the making.
    private var followers: [(step: any Step<T>, bytes: Double)] = []
    /// What is to be given back once the step in the making has run.
    private var temporaries: [(offset: Int, bytes: Int)] = []
    /// Of the node in the making.
    private var layer = ""

    init(_ draft: Draft, store: ConstantStore, options: RuntimeOptions, kernels: T.Kernels) {
        self.draft = draft
        self.store = store
        self.options = options
        self.kernels = kernels
        roots = Array(draft.values.indices)
        offsets = [Int](repeating: 0, count: draft.values.count)
        remaining = [Int](repeating: 0, count: draft.values.count)
        locations = [Location?](repeating: nil, count: draft.values.count)
    }

    mutating func build() throws {
        shareMemory()
        let copies = placePorts()
        var waiting: Draft.Node?
        for node in draft.nodes where !isAlias(node) {
            try KerasError.placing(Place(layer: node.layer.isEmpty ? nil : node.layer)) {
                if node.pairsWithNext {
                    waiting = node
                } else if let first = waiting {
                    try appendPair(first, node)
                    waiting = nil
                } else {
                    try append(node)
                }
            }
        }
        for (value, location) in copies {
            let step = MoveStep<T>(
                StridedCopy(shape(value)), from: try self.location(value), to: location, isInteger: isInteger(value), fill: nil)
            steps.append(step)
            info.append(Plan<T>.StepInfo(layer: "", op: "copy", flops: 0, bytes: 2 * Double(bytes(value))))
        }
    }

    // MARK: What operations ask

    func shape(_ value: Draft.ValueID) -> Shape { draft.values[value].shape }
    func isInteger(_ value: Draft.ValueID) -> Bool { draft.values[value].dtype.isStoredAsInteger }
    func dtype(_ value: Draft.ValueID) -> DType { draft.values[value].dtype }
    func constant(_ value: Draft.ValueID) -> ConstantID? { draft.values[value].constant }

    /// Where a value's numbers are, in row-major order.
    mutating func location(_ value: Draft.ValueID) throws -> Location {
        if let constant = draft.values[roots[value]].constant {
            if let known = constantLocations[constant] { return known }
            let location = place(try store.tensor(constant, as: isInteger(value) ? .int32 : T.dtype))
            constantLocations[constant] = location
            return location
        }
        guard let location = locations[roots[value]] else { throw KerasError(.mismatch, "a value is used before it is computed") }
        return Location(slot: location.slot, offset: location.offset + offsets[value])
    }

    /// A place for a tensor of the plan's own.
    mutating func place(_ tensor: Tensor) -> Location {
        constants.append(tensor)
        return Location(slot: Location.firstPort + draft.inputs.count + draft.outputs.count + constants.count - 1, offset: 0)
    }

    /// Memory for each part of the step in the making.
    mutating func scratch<E>(_ count: Int, of type: E.Type) -> Location {
        defer {
            scratchUsed += ArenaAllocator.padded(count * MemoryLayout<E>.stride)
            scratchBytes = max(scratchBytes, scratchUsed)
        }
        return Location(slot: Location.scratch, offset: scratchUsed)
    }

    /// Memory for what a step before the one in the making hands it; other workers see it too.
    mutating func temporary<E>(_ count: Int, of type: E.Type) -> Location {
        let bytes = count * MemoryLayout<E>.stride
        let offset = allocator.allocate(bytes)
        temporaries.append((offset, bytes))
        return Location(slot: Location.arena, offset: offset)
    }

    /// Adds a step that must run before the one in the making.
    mutating func prepare(_ step: any Step<T>, bytes count: Double) {
        steps.append(step)
        info.append(Plan<T>.StepInfo(layer: layer, op: "pack", flops: 0, bytes: count * Double(MemoryLayout<T>.stride)))
    }

    /// Adds a step that must run after the one in the making, which made `count` numbers for it.
    mutating func follow(_ step: any Step<T>, bytes count: Double) {
        followers.append((step, count * Double(MemoryLayout<T>.stride)))
    }

    // MARK: Placing

    private func bytes(_ value: Draft.ValueID) -> Int { shape(value).count * (isInteger(value) ? 4 : MemoryLayout<T>.stride) }

    private func isAlias(_ node: Draft.Node) -> Bool { aliases.contains(node.output) }

    /// Where the result begins in its operand's memory, if it is that read otherwise.
    private func offset(inOperandOf node: Draft.Node) -> Int? {
        let input = node.inputs[0]
        switch node.op {
        case .reshape: return node.epilogue.isEmpty ? 0 : nil
        case .cast(let dtype):
            let isSame =
                isInteger(input) == isInteger(node.output)
                && (dtype == draft.values[input].dtype || dtype == .float32 || dtype == .float64)
            return isSame ? 0 : nil
        case .slice(let starts, let sizes):
            // A run of whole rows, or part of a single one.
            let shape = shape(input)
            let axis = sizes.firstIndex { $0 != 1 } ?? sizes.count
            guard draft.values[roots[input]].constant == nil, node.epilogue.isEmpty,
                sizes.indices.dropFirst(axis + 1).allSatisfy({ sizes[$0] == shape[$0] })
            else { return nil }
            return zip(starts, shape.strides).reduce(0) { $0 + $1.0 * $1.1 } * (isInteger(input) ? 4 : MemoryLayout<T>.stride)
        default: return nil
        }
    }

    private mutating func shareMemory() {
        for node in draft.nodes {
            guard let offset = offset(inOperandOf: node) else { continue }
            roots[node.output] = roots[node.inputs[0]]
            offsets[node.output] = offsets[node.inputs[0]] + offset
            aliases.insert(node.output)
        }
        for node in draft.nodes where !isAlias(node) {
            for input in node.inputs { remaining[roots[input]] += 1 }
        }
    }

    /// Gives inputs their places, and lets what is computed for an output be computed in its place.
    ///
    /// - Returns: outputs that must be copied: inputs, constants, and values given out twice.
    private mutating func placePorts() -> [(Draft.ValueID, Location)] {
        for (index, input) in draft.inputs.enumerated() { locations[input] = Location(slot: Location.firstPort + index, offset: 0) }
        let computed = Set(draft.nodes.filter { !isAlias($0) }.flatMap(\.outputs))
        var copies: [(Draft.ValueID, Location)] = []
        for (index, output) in draft.outputs.enumerated() {
            let location = Location(slot: Location.firstPort + draft.inputs.count + index, offset: 0)
            let root = roots[output]
            if computed.contains(root), locations[root] == nil, bytes(root) == bytes(output) {
                locations[root] = location
            } else {
                remaining[root] += 1
                copies.append((output, location))
            }
        }
        return copies
    }

    private mutating func append(_ node: Draft.Node) throws {
        if locations[node.output] == nil {
            locations[node.output] = inPlaceOperand(of: node).flatMap { locations[roots[$0]] }
        }
        let isInPlace = inPlaceRoot(of: node) != nil
        if locations[node.output] == nil {
            locations[node.output] = Location(slot: Location.arena, offset: allocator.allocate(bytes(node.output)))
        }
        for output in node.further where locations[output] == nil {
            locations[output] = Location(slot: Location.arena, offset: allocator.allocate(bytes(output)))
        }
        scratchUsed = 0
        layer = node.layer
        let step = try makeStep(node)
        steps.append(step)
        let name = step.algorithm.map { "\(node.name), \($0)" } ?? node.name
        info.append(Plan<T>.StepInfo(layer: node.layer, op: name, flops: flops(node), bytes: traffic(node)))
        for follower in followers {
            steps.append(follower.step)
            info.append(Plan<T>.StepInfo(layer: node.layer, op: "sum", flops: 0, bytes: follower.bytes))
        }
        followers = []
        let dtype = draft.values[node.output].dtype
        if dtype.isHalf, node.op.roundsAnew {
            steps.append(RoundStep<T>(dtype: dtype, count: shape(node.output).count, at: try location(node.output)))
            info.append(Plan<T>.StepInfo(layer: node.layer, op: "round", flops: 0, bytes: 2 * Double(bytes(node.output))))
        }
        release(node, keeping: isInPlace ? locations[node.output] : nil)
        for (offset, bytes) in temporaries { allocator.release(offset, bytes) }
        temporaries = []
    }

    /// Two loops that run side by side.
    private mutating func appendPair(_ first: Draft.Node, _ second: Draft.Node) throws {
        let pair = try [first, second].map { node in
            for output in node.outputs where locations[output] == nil {
                locations[output] = Location(slot: Location.arena, offset: allocator.allocate(bytes(output)))
            }
            scratchUsed = 0
            guard case .scan(let scan) = node.op else { throw KerasError(.mismatch, "loops alone run side by side") }
            return try scanStep(scan, node, splits: false)
        }
        let (work, moved) = (flops(first) + flops(second), traffic(first) + traffic(second))
        steps.append(PairedStep(pair[0], pair[1], seconds: Parts.seconds(flops: work, bytes: moved)))
        info.append(Plan<T>.StepInfo(layer: first.layer, op: first.name, flops: work, bytes: moved))
        release(first, keeping: nil)
        release(second, keeping: nil)
        for (offset, bytes) in temporaries { allocator.release(offset, bytes) }
        temporaries = []
    }

    private mutating func release(_ node: Draft.Node, keeping kept: Location?) {
        for input in node.inputs {
            let root = roots[input]
            remaining[root] -= 1
            guard remaining[root] == 0, draft.values[root].constant == nil, let location = locations[root], location != kept else {
                continue
            }
            if location.slot == Location.arena { allocator.release(location.offset, bytes(root)) }
        }
        // Nobody reads it: a reference plan keeps such nodes, and a loop gives what nobody asked for.
        for output in node.outputs where remaining[output] == 0 {
            if let location = locations[output], location.slot == Location.arena { allocator.release(location.offset, bytes(output)) }
        }
    }

    /// The operand whose memory the result of an elementwise node can take, because nobody else reads it afterwards; a product's
    /// addend too, which is read where the result is written and nowhere else.
    private func inPlaceOperand(of node: Draft.Node) -> Draft.ValueID? {
        let isElementwise = node.op.canRunInPlace(rank: shape(node.output).rank)
        let candidates = isElementwise ? node.inputs : node.addend.map { [$0] } ?? []
        return candidates.first { input in
            if !isElementwise, node.operands.contains(where: { roots[$0] == roots[input] }) { return false }
            let root = roots[input]
            return draft.values[input].constant == nil && isInteger(input) == isInteger(node.output) && bytes(root) == bytes(node.output)
                && bytes(input) == bytes(root)
                && locations[root]?.slot == Location.arena && remaining[root] == node.inputs.count(where: { roots[$0] == root })
        }
    }

    /// Set if the result stands in an operand's memory.
    private func inPlaceRoot(of node: Draft.Node) -> Draft.ValueID? {
        guard let location = locations[node.output], location.slot == Location.arena else { return nil }
        return node.inputs.first { draft.values[$0].constant == nil && locations[roots[$0]] == location }.map { roots[$0] }
    }

    // MARK: For profiles

    private func traffic(_ node: Draft.Node) -> Double {
        Double(node.inputs.reduce(node.outputs.reduce(0) { $0 + bytes($1) }) { $0 + bytes($1) })
    }

    private func flops(_ node: Draft.Node) -> Double {
        let out = Double(shape(node.output).count)
        switch node.op {
        case .convolution:
            let kernel = shape(node.inputs[1])
            let own = 2 * out * Double(kernel.count / max(kernel[kernel.rank - 1], 1)) * (node.epilogue.pools ? 4 : 1)
            guard let depthwise = node.depthwise else { return own }
            let between = out / Double(max(kernel[kernel.rank - 1], 1)) * Double(kernel[kernel.rank - 2])
            return own + 2 * between * Double(shape(depthwise.constants[0]).dims.dropLast(2).reduce(1, *))
        case .transposedConvolution:
            let (x, kernel) = (shape(node.inputs[0]), shape(node.inputs[1]))
            return 2 * Double(x.count) * Double(kernel.count / max(kernel[kernel.rank - 1], 1))
        case .matrixMultiply:
            let a = shape(node.inputs[0])
            return 2 * out * Double(a[a.rank - 1])
        case .pool(let pool): return out * Double(pool.window.reduce(1, *))
        case .reduce, .softmax, .logSoftmax: return Double(shape(node.inputs[0]).count)
        case .unary, .binary: return out
        case .scan(let scan):
            let x = shape(node.inputs[0])
            let projection = node.projection.first.map { 2 * Double(shape($0).count) * Double(x[0]) } ?? 0
            return (scan.graph.products + projection) * Double(x[1])
        case .convolutionKernelGradient:
            let dy = shape(node.inputs[1])
            return 2 * Double(dy.count) * out / Double(max(dy[dy.rank - 1], 1))
        default: return 0
        }
    }
}

extension Op {
    /// True if the result may stand where an operand of the same size stood.
    fileprivate func canRunInPlace(rank: Int) -> Bool {
        switch self {
        case .unary, .binary: true
        case .softmax(let axis), .logSoftmax(let axis): axis == rank - 1
        default: false
        }
    }

    /// False for primitives that only move numbers, which are rounded already.
    var roundsAnew: Bool {
        switch self {
        case .transpose, .reverse, .slice, .concatenate, .gather, .repeatElements, .broadcast, .reshape, .scan, .order, .pick,
            .stopGradient:
            false
        default: true
        }
    }
}
