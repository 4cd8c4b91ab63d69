import KerasModel
import Synchronization
import Tensors

/// A weight with its numbers. Models that hold the same layer share it, as in Keras.
final class Variable: Sendable {
    let spec: WeightSpec
    private let state: Mutex<(tensor: Tensor, version: Int)>

    init(spec: WeightSpec, tensor: Tensor) {
        self.spec = spec
        state = Mutex((tensor, 0))
    }

    var tensor: Tensor { state.withLock { $0.tensor } }

    /// Grows with each new value, so that a model knows when what it has packed is stale.
    var version: Int { state.withLock { $0.version } }

    private static let allChanges = Atomic<Int>(0)
    /// Grows with each new value of any variable: while it stays, no version has grown.
    static var changes: Int { allChanges.load(ordering: .acquiring) }

    func set(_ tensor: Tensor) {
        state.withLock {
            $0.tensor = tensor
            $0.version += 1
        }
        Variable.allChanges.add(1, ordering: .releasing)
    }
}

/// The variables alive, by the weight they hold: how two models that share a layer find its weights.
enum VariableTable {
    private struct Weak: Sendable { weak let variable: Variable? }

    private static let living = Mutex<[WeightID: Weak]>([:])

    /// The variable of this weight, or else a new one with the value `make` gives.
    static func variable(_ id: WeightID, spec: WeightSpec, make: () throws -> Tensor) rethrows -> Variable {
        if let known = living.withLock({ $0[id]?.variable }) { return known }
        let variable = Variable(spec: spec, tensor: try make())
        return living.withLock { table in
            if let known = table[id]?.variable { return known }
            // Entries of the dead are cleared when the table is about to grow.
            if table.count == table.capacity { table = table.filter { $0.value.variable != nil } }
            table[id] = Weak(variable: variable)
            return variable
        }
    }
}
