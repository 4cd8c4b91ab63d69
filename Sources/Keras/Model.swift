import JSON
import KerasFormat
import KerasModel
import KerasRuntime
import Synchronization
import Tensors

/// A model: loaded from a file, described by calling layers, or stacked as a ``Sequential``.
///
/// Safe to use from several threads: predicting works on an immutable snapshot of the weights. Source: `keras.Model`.
public class Model: @unchecked Sendable {
    /// Everything that changes; the class holds nothing else.
    struct State {
        var root: ModelLayer
        /// Nil until the input shape is known.
        var built: BuiltModel?
        var variables: [WeightID: Variable] = [:]
        /// In the words of a file.
        var training: TrainingConfiguration?
        /// The same as this package understands it, once somebody asks.
        var compilation: Compilation?
        /// The built model's tensors: asked for twice, one tensor must be the same.
        var symbols: [TensorRef: SymbolicTensor]?
        /// With the versions of its variables added up, and the count of all changes when that was done.
        var predictor: (predictor: Predictor, version: Int, changes: Int)?
        /// What `trainOnBatch` has made ready, with the versions of the variables added up.
        var trainer: (trainer: Trainer, seed: UInt64, version: Int)?
        /// What stateful layers have left of the batches so far.
        var recurrent: RecurrentStates?
        var runtime = RuntimeOptions()

        /// The versions of all variables added up: it grows with each change of any.
        var version: Int { variables.values.reduce(0) { $0 + $1.version } }
    }

    let state: Mutex<State>
    /// Where the model was read from.
    let origin: Origin?
    /// What was odd about the file it came from, in a sentence each.
    public let warnings: [String]
    /// True if the file it came from holds no weights: they are initial ones until they are set.
    package let beganAnew: Bool
    /// What weights that no file gives begin from.
    private let seed: UInt64

    init(root: ModelLayer, origin: Origin? = nil, warnings: [String] = [], beganAnew: Bool = true, seed: UInt64 = 0) {
        state = Mutex(State(root: root))
        self.origin = origin
        self.warnings = warnings
        self.beganAnew = beganAnew
        self.seed = seed
    }

    /// The graph from `inputs` to `outputs`. Layers it shares with other models keep their weights; new ones get initial weights.
    ///
    /// - Throws: a `mismatch` problem for each layer that cannot take what reaches it.
    public init(inputs: [SymbolicTensor], outputs: [SymbolicTensor], name: String = "functional", seed: UInt64 = 0) throws {
        let architecture = try Architecture(name: name, inputs: inputs, outputs: outputs)
        state = Mutex(State(root: ModelLayer(architecture)))
        origin = nil
        warnings = []
        beganAnew = true
        self.seed = seed
        try build(inputShapes: nil, weights: [:])
    }

    /// The graph from one input to one output.
    public convenience init(inputs: SymbolicTensor, outputs: SymbolicTensor, name: String = "functional", seed: UInt64 = 0) throws {
        try self.init(inputs: [inputs], outputs: [outputs], name: name, seed: seed)
    }

    /// A model with initial weights from architecture JSON of Keras 2, tf.keras or Keras 3. Keras: `model_from_json`.
    ///
    /// - Throws: every problem of the configuration at once: `malformed`, `unsupported`, `mismatch`.
    public convenience init(json: String, customLayers: CustomLayers = CustomLayers(), seed: UInt64 = 0) throws {
        let saved = try ModelFile.architecture(try JSON(parsing: json), registry: customLayers.registry)
        try self.init(saved, seed: seed)
    }

    /// A model with what a file holds of its weights, and initial ones for the rest.
    convenience init(_ saved: SavedModel, seed: UInt64 = 0) throws {
        self.init(root: saved.root, origin: saved.origin, warnings: saved.warnings, beganAnew: saved.weights.isEmpty, seed: seed)
        state.withLock { $0.training = saved.training }
        // A Sequential without an input shape is built by the first data it sees.
        if saved.root.architecture.kind == .sequential && saved.root.architecture.sequentialInput == nil { return }
        try build(inputShapes: nil, weights: saved.weights)
    }

    /// Reads a model: `.keras` and whole `.h5` of Keras 2, tf.keras and Keras 3, told by their content; or architecture JSON, whose weights come
    /// from `weights` or begin anew. Keras: `load_model`.
    ///
    /// - Parameters:
    ///   - trusted: the file is known to be harmless, and is not looked at before libhdf5 reads it (``Budgets/trustsHDF5``). Nothing in it is
    ///     run in either case.
    ///   - customLayers: what layers do whose code is not in the file: Lambdas, and classes of somebody's own. Without it they are kept and
    ///     written back, and refused by name when the model is run.
    /// - Throws: everything that is wrong with the file at once, each with its place: `noInput`, `malformed`, `mismatch`, `unsupported`, `policy`
    ///   for what leads out of it, `resource` past a limit of ``Budgets``.
    public static func load(
        _ path: String, weights: String? = nil, trusted: Bool = false, customLayers: CustomLayers = CustomLayers()
    ) throws -> Model {
        var budgets = Budgets.current
        budgets.trustsHDF5 = budgets.trustsHDF5 || trusted
        return try Budgets.$current.withValue(budgets) {
            try Model(try ModelFile.read(path, weightsPath: weights, registry: customLayers.registry))
        }
    }

    /// Finds shapes and variables. `inputShapes` stands in for shapes the model does not declare.
    func build(inputShapes: [SymbolicShape]?, weights: [WeightID: Tensor]) throws {
        let root = state.withLock { $0.root }
        let built = try BuiltModel(root, inputShapes: inputShapes)
        let all = built.allWeights(of: root)
        let initial = all.allSatisfy({ weights[$0.id] != nil }) ? [:] : try initialWeights(of: built, seed: seed)
        var variables: [WeightID: Variable] = [:]
        for (id, spec) in all {
            variables[id] = try VariableTable.variable(id, spec: spec) { try weights[id] ?? initial[id] ?? Tensor(zeros: spec.shape) }
        }
        state.withLock {
            $0.built = built
            $0.symbols = nil
            $0.variables = variables
            $0.predictor = nil
            $0.trainer = nil
            $0.recurrent = RecurrentStates(built)
        }
    }

    /// The built model.
    ///
    /// - Throws: a `mismatch` problem while its input shape is not known.
    func built() throws -> BuiltModel {
        if let built = state.withLock({ $0.built }) { return built }
        try build(inputShapes: nil, weights: [:])
        return try state.withLock { state in
            guard let built = state.built else { throw KerasError(.mismatch, "the model is not built", at: Place(layer: state.root.name)) }
            return built
        }
    }

    /// Whose file the model came from; nil if it was made in Swift.
    public var dialect: Dialect? { origin?.dialect }

    public var name: String { state.withLock { $0.root.name } }

    /// The layers from first to last; a Sequential's input layer is not among them.
    public var layers: [any Layer] { state.withLock { $0.root.architecture.layers } }

    /// The layer of this name.
    ///
    /// - Throws: a `mismatch` problem if there is none.
    public func getLayer(_ name: String) throws -> any Layer {
        let architecture = state.withLock { $0.root.architecture }
        guard let layer = architecture.layer(named: name) else {
            throw KerasError(
                .mismatch, "there is no such layer", found: "'\(name)'",
                expected: "one of " + architecture.layers.prefix(12).map { "'\($0.name)'" }.joined(separator: ", "))
        }
        return layer
    }

    /// The tensors the model takes, to describe another model with.
    public var inputs: [SymbolicTensor] {
        get throws { try tensors { $0.architecture.inputs.leaves } }
    }

    /// The tensors the model gives.
    public var outputs: [SymbolicTensor] {
        get throws { try tensors { $0.architecture.outputs.leaves } }
    }

    /// What the layer of this name gives at its `call`-th call: `Model(inputs: model.inputs, outputs: [model.output(of: "conv2d")])` extracts
    /// features. Keras: `model.get_layer(name).output`.
    ///
    /// - Throws: a `mismatch` problem if there is no such layer or call.
    public func output(of layer: String, call: Int = 0) throws -> SymbolicTensor {
        let id = try getLayer(layer).id
        return try tensors { _ in [TensorRef(layer: id, call: call)] }[0]
    }

    private func tensors(_ references: (BuiltModel) -> [TensorRef]) throws -> [SymbolicTensor] {
        let built = try built()
        let known = state.withLock { state in
            let symbols = state.symbols ?? built.symbolicTensors
            state.symbols = symbols
            return symbols
        }
        return try references(built).map { reference in
            guard let tensor = known[reference] else { throw KerasError(.mismatch, "the model has no such tensor", at: Place(layer: name)) }
            return tensor
        }
    }

    /// Calls the model as a layer: its weights are shared.
    public func callAsFunction(_ input: SymbolicTensor) -> SymbolicTensor { callAsFunction([input])[0] }

    /// Calls the model as a layer on several inputs; every output.
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> [SymbolicTensor] { state.withLock { $0.root }.outputs(calledOn: inputs) }

    /// The number of scalars in all weights. Keras: `count_params`.
    public func countParams() throws -> Int {
        let built = try built()
        return built.allWeights(of: built.root).reduce(0) { $0 + $1.spec.shape.count }
    }

    /// How the model is run: threads, and how convolutions are computed. Models called as its layers run as it does.
    ///
    /// A change counts from the next prediction on; those under way end as they began.
    public var runtime: RuntimeOptions {
        get { state.withLock { $0.runtime } }
        set {
            state.withLock { state in
                if state.runtime != newValue { (state.predictor, state.trainer) = (nil, nil) }
                state.runtime = newValue
            }
        }
    }

    /// Keras's architecture JSON, in the dialect of tf.keras or Keras 3. Keras: `to_json`.
    ///
    /// - Throws: `unsupported` problems, one for each meaning the dialect has no word for.
    public func json(_ dialect: Dialect = .keras3) throws -> String {
        let (root, built) = state.withLock { ($0.root, $0.built) }
        return try ModelConfigWriter.json(root, built: built, dialect: dialect).serialized()
    }
}
