import KerasModel
private import Synchronization
import Tensors

typealias ConstantID = Int

/// Everything that hangs on weights and constants alone, shared between the plans of a model: interned, so that the plan for
/// another batch finds what an earlier one has folded and packed.
final class ConstantStore: Sendable {
    /// Where a constant's numbers come from.
    private enum Source: Hashable {
        case weight(WeightID)
        case tensor(TensorContent)
        case folded(Op, [ConstantID])
    }

    private struct Entry {
        let source: Source
        let shape: Shape
        let dtype: DType
        /// As given; nil for folded ones.
        var tensor: Tensor?
    }

    private struct FormKey: Hashable {
        let id: ConstantID
        let dtype: DType
        let form: PackedLayout?
    }

    private struct State {
        var entries: [Entry] = []
        var ids: [Source: ConstantID] = [:]
        var forms: [FormKey: Tensor] = [:]
    }

    private let state = Mutex(State())

    init() {}

    func intern(weight id: WeightID, shape: Shape, dtype: DType, _ weights: (WeightID) throws -> Tensor) throws -> ConstantID {
        if let known = state.withLock({ $0.ids[.weight(id)] }) { return known }
        let tensor = try weights(id)
        guard tensor.shape == shape else {
            throw KerasError(.mismatch, "a weight has another shape than its layer expects", found: "\(tensor.shape)", expected: "\(shape)")
        }
        return add(.weight(id), shape, dtype, tensor)
    }

    func intern(_ tensor: Tensor) throws -> ConstantID {
        let tensor = try tensor.contiguous()
        return add(.tensor(TensorContent(tensor: tensor)), tensor.shape, tensor.dtype, tensor)
    }

    /// The constant `op` gives for these operands; nothing is computed yet.
    func intern(_ op: Op, _ operands: [ConstantID], shape: Shape, dtype: DType) -> ConstantID {
        add(.folded(op, operands), shape, dtype, nil)
    }

    private func add(_ source: Source, _ shape: Shape, _ dtype: DType, _ tensor: Tensor?) -> ConstantID {
        state.withLock { state in
            if let known = state.ids[source] { return known }
            state.entries.append(Entry(source: source, shape: shape, dtype: dtype, tensor: tensor))
            state.ids[source] = state.entries.count - 1
            return state.entries.count - 1
        }
    }

    /// A constant's numbers as elements of `dtype`.
    func tensor(_ id: ConstantID, as dtype: DType) throws -> Tensor {
        try form(FormKey(id: id, dtype: dtype, form: nil)) { try $0.converted(to: dtype) }
    }

    /// A constant as the kernels' panels.
    func packed<K: KernelTable>(_ id: ConstantID, _ form: PackedLayout, _ kernels: K) throws -> Tensor {
        try self.form(FormKey(id: id, dtype: K.Scalar.dtype, form: form)) { tensor in
            try tensor.converted(to: K.Scalar.dtype).withScalars(as: K.Scalar.self) { source in
                try Tensor(shape: [form.packedSize(kernels)], as: K.Scalar.self) { target in
                    if let from = source.baseAddress, let to = target.baseAddress { form.pack(from, to, kernels) }
                }
            }
        }
    }

    private func form(_ key: FormKey, _ make: (Tensor) throws -> Tensor) throws -> Tensor {
        try state.withLock { state in
            if let known = state.forms[key] { return known }
            let made = try make(try ConstantStore.value(key.id, state.entries))
            state.forms[key] = made
            return made
        }
    }

    /// A constant's numbers; folded ones are computed in double precision and rounded once by whoever asked.
    private static func value(_ id: ConstantID, _ entries: [Entry]) throws -> Tensor {
        if let tensor = entries[id].tensor { return tensor }
        var graph = OpGraph()
        var inputs: [Tensor] = []
        var values: [ConstantID: Value] = [:]

        func build(_ id: ConstantID) throws -> Value {
            if let known = values[id] { return known }
            let entry = entries[id]
            let value: Value
            if case .folded(let op, let operands) = entry.source {
                value = try graph.emit(op.inDouble, try operands.map(build), layer: "")
            } else {
                guard let tensor = entry.tensor else { throw KerasError(.mismatch, "a constant has no numbers") }
                let wide = entry.dtype.isFloatingPoint ? DType.float64 : entry.dtype
                inputs.append(try tensor.converted(to: wide))
                value = graph.input(shape: entry.shape, dtype: wide)
            }
            values[id] = value
            return value
        }

        graph.outputs = [try build(id).id]
        let plan = try Plan<Double>(
            Draft(graph, store: ConstantStore()) { _ in throw KerasError(.mismatch, "a constant has no numbers") },
            store: ConstantStore(), options: RuntimeOptions(threads: 1, isa: nil, reference: true))
        return try plan.run(inputs)[0]
    }
}

extension Op {
    /// The same primitive among doubles: what was to become a float32 stays a double.
    fileprivate var inDouble: Op {
        if case .cast(let dtype) = self, dtype.isFloatingPoint, !dtype.isHalf { return .cast(.float64) }
        return self
    }
}

/// What a constant can be packed into.
enum PackedLayout: Hashable, Sendable {
    case panels(PackedForm)
    case winograd(WinogradForm)

    func packedSize(_ kernels: some KernelTable) -> Int {
        switch self {
        case .panels(let form): form.packedSize(kernels)
        case .winograd(let form): form.packedSize(kernels)
        }
    }

    func pack<K: KernelTable>(_ from: UnsafePointer<K.Scalar>, _ to: UnsafeMutablePointer<K.Scalar>, _ kernels: K) {
        switch self {
        case .panels(let form): form.pack(from, to, kernels)
        case .winograd(let form): form.pack(from, to, kernels)
        }
    }
}

/// How a constant matrix B (k × n) lies in memory, `groups` of them side by side `groupStride` numbers apart.
struct PackedForm: Hashable, Sendable {
    var k: Int
    var n: Int
    var rowStride: Int
    var columnStride: Int
    var groups = 1
    var groupStride = 0

    func packedSize(_ kernels: some KernelTable) -> Int { groups * kernels.packedSize(k, n) }

    func pack<K: KernelTable>(_ from: UnsafePointer<K.Scalar>, _ to: UnsafeMutablePointer<K.Scalar>, _ kernels: K) {
        for group in 0..<groups {
            kernels.pack(
                k, n, from + group * groupStride, rowStride: rowStride, columnStride: columnStride, to + group * kernels.packedSize(k, n))
        }
    }
}

/// A tensor compared by its elements.
private struct TensorContent: Hashable {
    let tensor: Tensor

    static func == (a: TensorContent, b: TensorContent) -> Bool {
        guard a.tensor.dtype == b.tensor.dtype, a.tensor.shape == b.tensor.shape else { return false }
        return a.tensor.withUnsafeBytes { x in b.tensor.withUnsafeBytes { y in x.count == y.count && x.elementsEqual(y) } }
    }

    /// The first bytes are enough to tell most apart.
    func hash(into hasher: inout Hasher) {
        hasher.combine(tensor.dtype)
        hasher.combine(tensor.shape)
        tensor.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(256))) }
    }
}

extension ConstantStore {
    /// A vector of ones.
    func ones(_ count: Int, as dtype: DType) throws -> Tensor {
        try tensor(try intern(try Tensor([Double](repeating: 1, count: count))), as: dtype)
    }
}
