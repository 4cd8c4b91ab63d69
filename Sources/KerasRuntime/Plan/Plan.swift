import KerasModel
import Tensors

/// A graph made ready: steps in order, every operand in its place.
final class Plan<T: ComputeScalar>: Sendable {
    /// What a step is and what it moves, for profiles.
    struct StepInfo: Sendable {
        let layer: String
        let op: String
        let flops: Double
        let bytes: Double
    }

    /// An input or output: the shape and type a caller sees, and the type it is held in.
    struct Port: Sendable {
        let shape: Shape
        let dtype: DType
        let held: DType
    }

    let steps: [any Step<T>]
    let info: [StepInfo]
    let inputs: [Port]
    let outputs: [Port]
    let arenaBytes: Int
    /// For each worker.
    let scratchBytes: Int
    private let constants: [Tensor]
    private let kernels: T.Kernels
    private let workspaces = WorkspacePool()

    init(_ draft: Draft, store: ConstantStore, options: RuntimeOptions) throws {
        kernels = try T.kernels(options)
        var draft = draft
        if !options.reference { draft.improve(store, fusions: options.fusions) }
        var builder = PlanBuilder<T>(draft, store: store, options: options, kernels: kernels)
        try builder.build()
        func port(_ value: Draft.ValueID) -> Port {
            let (shape, dtype) = (draft.values[value].shape, draft.values[value].dtype)
            return Port(shape: shape, dtype: dtype, held: dtype.isStoredAsInteger ? .int32 : T.dtype)
        }
        inputs = draft.inputs.map(port)
        outputs = draft.outputs.map(port)
        steps = builder.steps
        info = builder.info
        constants = builder.constants
        arenaBytes = builder.arenaBytes
        scratchBytes = builder.scratchBytes
    }

    /// Runs with inputs and outputs in memory, each in the type it is held in.
    func run(inputs sources: [UnsafeRawPointer], outputs targets: [UnsafeMutableRawPointer]) throws {
        try withFrame(sources, targets) { frame in
            for step in steps { try step.runAll(frame) }
        }
    }

    func withFrame(_ sources: [UnsafeRawPointer], _ targets: [UnsafeMutableRawPointer], _ body: (Frame<T>) throws -> Void) throws {
        let workspace = try workspaces.take() ?? makeWorkspace()
        defer { workspaces.put(workspace) }
        for (index, source) in sources.enumerated() {
            workspace.bases[Location.firstPort + index] = UnsafeMutableRawPointer(mutating: source)
        }
        for (index, target) in targets.enumerated() { workspace.bases[Location.firstPort + inputs.count + index] = target }
        try body(Frame(bases: workspace.bases, kernels: kernels))
        withExtendedLifetime(workspace) {}
    }

    private func makeWorkspace() throws -> Workspace {
        let firstConstant = Location.firstPort + inputs.count + outputs.count
        let workspace = try Workspace(arenaBytes: arenaBytes, scratchBytes: scratchBytes, slots: firstConstant + constants.count)
        for (index, constant) in constants.enumerated() {
            workspace.bases[firstConstant + index] = UnsafeMutableRawPointer(mutating: constant.address)
        }
        return workspace
    }
}

/// A plan of either scalar.
protocol RunnablePlan: Sendable {
    var inputShapes: [Shape] { get }
    var outputShapes: [Shape] { get }
    /// The inputs in the types they are held in, packed.
    func held(_ inputs: [Tensor]) throws -> [Tensor]
    /// Tensors to be written, `counts[i]` rows of the first axis each, or whole outputs where nil.
    func makeOutputs(rows: [Int]?) throws -> [Tensor]
    /// The written outputs in the types a caller expects.
    func delivered(_ outputs: [Tensor]) throws -> [Tensor]
    func run(inputs: [UnsafeRawPointer], outputs: [UnsafeMutableRawPointer]) throws
    func profile(_ inputs: [Tensor]) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)]
}

extension RunnablePlan {
    /// Runs once, on whole tensors.
    func run(_ inputs: [Tensor]) throws -> [Tensor] {
        let sources = try held(inputs)
        let targets = try makeOutputs(rows: nil)
        try run(inputs: sources.map(\.address), outputs: targets.map { UnsafeMutableRawPointer(mutating: $0.address) })
        withExtendedLifetime(sources) {}
        return try delivered(targets)
    }
}

extension Plan: RunnablePlan {
    var inputShapes: [Shape] { inputs.map(\.shape) }
    var outputShapes: [Shape] { outputs.map(\.shape) }

    func held(_ tensors: [Tensor]) throws -> [Tensor] {
        try zip(tensors, inputs).map { tensor, port in
            let held = try tensor.converted(to: port.held)
            if port.held == .int32, tensor.dtype != .int32 { try check(tensor, fitsInto: held) }
            return held
        }
    }

    /// 64-bit integers are held in 32: one that does not fit must not come back as another.
    private func check(_ tensor: Tensor, fitsInto held: Tensor) throws {
        guard tensor.dtype == .int64 || tensor.dtype == .uint64 || tensor.dtype == .uint32 else { return }
        guard try held.scalars(as: Int64.self) == tensor.scalars(as: Int64.self) else {
            throw KerasError(.mismatch, "an integer is too large", found: "\(tensor.dtype)", expected: "numbers that fit into int32")
        }
    }

    func makeOutputs(rows: [Int]?) throws -> [Tensor] {
        try outputs.enumerated().map { index, port in
            let shape = try rows.map { try Shape(checking: [$0[index]] + port.shape.dims.dropFirst()) } ?? port.shape
            return try Tensor(zeros: shape, dtype: port.held)
        }
    }

    func delivered(_ tensors: [Tensor]) throws -> [Tensor] {
        try zip(tensors, outputs).map { try $0.converted(to: $1.dtype) }
    }

    func profile(_ inputs: [Tensor]) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] {
        let sources = try held(inputs)
        let targets = try makeOutputs(rows: nil)
        var profile: [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] = []
        try withFrame(sources.map(\.address), targets.map { UnsafeMutableRawPointer(mutating: $0.address) }) { frame in
            let clock = ContinuousClock()
            for (step, info) in zip(steps, info) {
                let time = try clock.measure { try step.runAll(frame) }
                let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
                profile.append((info.layer, info.op, seconds, info.flops, info.bytes))
            }
        }
        withExtendedLifetime((sources, targets)) {}
        return profile
    }
}
