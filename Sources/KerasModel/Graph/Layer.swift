import JSON
import Tensors

/// A layer: its settings, what weights it has, and what it computes, said in primitives. Each kind is one file in `Layers/`.
///
/// Layers are values. Each one made mints an identity that its copies share, so that calling a layer twice shares its weights.
public protocol Layer: Sendable {
    /// Keras 3's class name; Keras 2's where Keras 3 has none.
    static var className: String { get }
    /// Other class names the same layer goes by in files.
    static var aliases: [String] { get }
    /// The dialects that have this layer.
    static var dialects: Set<Dialect> { get }
    /// The configuration keys in the order Keras writes them, without those of every layer (``LayerBase``).
    static var keys: [ConfigKey<Self>] { get }
    /// The keys written before those; all but the input layer have the same.
    static var commonKeys: [ConfigKey<Self>] { get }
    /// Every key at its default; a required one at a value no file can mean.
    static var blank: Self { get }
    /// How many tensors a call takes.
    static var inputCount: ClosedRange<Int> { get }
    /// What becomes of a mask that comes in.
    static var maskUse: MaskUse { get }
    /// True if Keras 3 writes the shape of the first input beside the configuration (`build_config`): where the class has a `build` of its own.
    static var writesInputShape: Bool { get }
    /// What the arguments of a call are called that takes several tensors by position: `query`. Keras before 3 writes all but the first by these
    /// names, Keras 3 the shapes that the class's `build` takes.
    static var argumentNames: [String] { get }
    /// What Keras 3 writes of a call that says nothing: the `mask` and the `training` that the class's `call` takes.
    static var callKeywords: JSONObject { get }
    /// True if floating-point inputs are cast to what the layer computes in before they reach it. Keras: `autocast`.
    static var castsInputs: Bool { get }

    /// True if the layer looks at text, or at numbers as text: its calls are made when the data is at hand (``LayerCall/read(_:as:_:)``).
    static var readsData: Bool { get }

    /// True if a call takes the masks off the tensors it is given, for whoever looks at them later. Keras 3: `MultiHeadAttention`.
    var clearsMasks: Bool { get }
    /// False where what the layer does in training is not run.
    static var trains: Bool { get }

    /// What every layer has.
    var base: LayerBase { get set }
    /// The class name a summary shows.
    var typeName: String { get }
    /// A penalty on what the layer gives, which the loss carries.
    var activityRegularizer: Regularizer? { get }
    /// How the class is called in files; that of ``className`` but for layers that stand for classes of others.
    var written: WrittenClass { get }
    /// Takes what no key names, and returns what is left of it: unknown.
    mutating func adopt(_ rest: JSONObject) -> JSONObject
    /// What was so taken, to be written after the keys.
    var adopted: JSONObject { get }
    /// Weights of the layers held inside that files by path have among the layer's own too, in front: Keras keeps them as attributes of both.
    var namesOfHeldWeights: [String] { get }
    /// The layers held inside, in the order their weights come in.
    var children: [ChildLayer] { get }

    /// The same layer with its children changed, kind for kind.
    ///
    /// - Throws: `unsupported` for a layer that has no such way.
    func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Self

    /// The layer's own weights in creation order, for the shapes of its first call.
    ///
    /// - Throws: a `mismatch` problem if it cannot take such inputs.
    func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec]

    /// - Throws: a `mismatch` problem if it cannot take such inputs.
    func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape]

    /// Looks for what the words of a file do not say and its readers would take otherwise, by the shapes that a call gives.
    ///
    /// - Throws: `unsupported` for such a layer.
    func check(outputs: [SymbolicShape], for context: EncodingContext) throws
    /// The same with what tf.keras settles when it builds the layer, and then writes.
    func settled(rank: Int) -> Self

    /// How the layer does on images whose channels have moved. `inputs` are the shapes they had.
    ///
    /// - Throws: `unsupported` if what it does cannot be said of moved ones.
    func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid

    /// Says what a call computes.
    ///
    /// - Throws: a `mismatch` problem if the shapes do not fit, `unsupported` for settings this version does not run.
    func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value]

    /// The masks that the results of ``lower(_:_:)`` carry, one for each. Keras: `compute_mask`, and `_keras_mask` set by a call.
    func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?]

    /// Both together, for a layer that calls others.
    func lowerWithMasks(_ inputs: [MaskedValue], _ call: LayerCall) throws -> [MaskedValue]

    /// Registers the weights and gives the output shapes; a layer with children builds them too.
    func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape]
}

extension Layer {
    public static var aliases: [String] { [] }
    public static var dialects: Set<Dialect> { Dialect.all }
    public static var inputCount: ClosedRange<Int> { 1...1 }
    public static var maskUse: MaskUse { .drops }
    public static var writesInputShape: Bool { true }
    public static var argumentNames: [String] { [] }
    public static var callKeywords: JSONObject { [:] }
    public static var castsInputs: Bool { true }
    public static var readsData: Bool { false }
    public static var trains: Bool { true }
    public var clearsMasks: Bool { false }
    public var typeName: String { Self.className }
    public var activityRegularizer: Regularizer? { nil }
    public var written: WrittenClass { base.written ?? WrittenClass(Self.className) }
    public mutating func adopt(_ rest: JSONObject) -> JSONObject { rest }
    public var adopted: JSONObject { [:] }
    public var children: [ChildLayer] { [] }
    public var namesOfHeldWeights: [String] { [] }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Self {
        guard children.isEmpty else {
            throw KerasError(.unsupported, "the parts of this layer cannot be changed", at: Place(layer: name), found: typeName)
        }
        return self
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] { [] }
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] { inputs }
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {}
    public func settled(rank: Int) -> Self { self }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let shapes = try outputShapes(inputs)
        builder.register(try weights(inputs), of: self)
        return shapes
    }

    public var id: LayerID { base.id }
    /// The name given, or none yet.
    public var name: String { base.name ?? "" }

    /// The same layer under this name.
    public func named(_ name: String) -> Self { with { $0.base.name = name } }

    /// The same layer as the first of a Sequential, taking inputs of these lengths (without the batch). Keras: `input_shape`.
    public func inputShape(_ dims: Int?...) -> Self { with { $0.base.batchShape = SymbolicShape([nil] + dims) } }

    /// The same layer, frozen or not.
    public func trainable(_ trainable: Bool) -> Self { with { $0.base.trainable = trainable } }

    package func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A layer that another one holds, under the attribute that holds it in Keras: files name weights by it.
public struct ChildLayer: Sendable {
    /// `cell`, `layers`. Empty where Keras has no such layer, and its weights are those of the one that holds it.
    public let attribute: String
    /// The one in tf_keras, where that is another.
    package let olderAttribute: String?
    /// True if the attribute is a list, in which layers go by their classes.
    public let isListed: Bool
    public let layer: any Layer

    public init(_ attribute: String, _ layer: any Layer) {
        (self.attribute, self.layer, isListed, olderAttribute) = (attribute, layer, false, nil)
    }

    init(_ attribute: String, olderAttribute: String, _ layer: any Layer) {
        (self.attribute, self.layer, isListed, self.olderAttribute) = (attribute, layer, false, olderAttribute)
    }

    /// One of the layers that `attribute` lists.
    public init(in attribute: String, _ layer: any Layer) {
        (self.attribute, self.layer, isListed, olderAttribute) = (attribute, layer, true, nil)
    }
}

/// How a file says which class an object is of.
public struct WrittenClass: Hashable, Sendable {
    public var name: String
    /// Keras 3's.
    public var module: String?
    /// Keras 3's: null for its own layers.
    public var registeredName: String?

    public init(_ name: String, module: String? = "keras.layers", registeredName: String? = nil) {
        self.name = name
        self.module = module
        self.registeredName = registeredName
    }
}

/// What every layer has: identity and the keys common to all.
public struct LayerBase: Sendable {
    public private(set) var id = LayerID()
    public var name: String?
    public var trainable = true
    public var dtype = DTypePolicy.float32
    /// The shape of a model's input, on layers that define one. Keras: `batch_shape`, before `batch_input_shape`.
    public var batchShape: SymbolicShape?
    /// Keys of the file that this version does not know, kept for writing.
    public var unknownKeys = JSONObject()
    /// True where the bias of channels-first maps goes along the last axis if that is as long as the channels: Keras 3 since 3.7 on TensorFlow
    /// leaves it to `tf.nn.bias_add` to guess (`keras.src.backend.tensorflow.numpy.add`), and its models were trained so.
    package var addsBiasAsTensorFlow = false
    /// How a file says the class of a layer that is not of this package.
    package var written: WrittenClass?
    /// The dialect the layer was read from; nil if it was made in Swift.
    var dialect: Dialect?

    public init() {}

    /// The same with an identity of its own.
    func renewed() -> LayerBase {
        var copy = self
        copy.id = LayerID()
        return copy
    }
}

/// What a layer does with the mask of its input.
public enum MaskUse: Sendable {
    /// Hands it on.
    case passes
    /// Lets it fall, unless ``Layer/masks(_:_:_:)`` says otherwise.
    case drops
}

/// One weight of a layer.
public struct WeightSpec: Hashable, Sendable {
    /// What the file forms of old generations hang on: a rule over kinds, never over class names.
    public enum Kind: Hashable, Sendable {
        /// `(k…, c, f)`: Theano wrote it with the spatial axes reversed.
        case convolutionKernel
        case other
    }

    /// Keras 3's: `kernel`, `moving_mean`.
    public var name: String
    /// What Keras 2 and tf.keras call it in their files, where that is another name.
    package var olderName: String?
    public var shape: Shape
    public var initializer: Initializer
    /// A penalty on its size that the model's loss carries, whether the weight trains or not.
    public var regularizer: Regularizer?
    /// What it is brought back to after each step of training.
    public var constraint: Constraint?
    /// False for what training moves by other means than gradients, such as BatchNormalization's statistics.
    public var isTrainable: Bool
    public var kind: Kind
    /// Elements along the last axis that begin at 1, whatever the initializer says: an LSTM's `unit_forget_bias`.
    package var ones: Range<Int>?
    /// True for a kernel that files by path hold first though it does not train.
    package var isStoredFirst = false
    /// The weight that files by path hold it within: an adapter's, whose product is added to that (``Adapter``).
    package var isMerged = false
    /// The type it is kept in; nil is the layer's variable type.
    public var dtype: DType?

    public init(
        _ name: String, _ shape: [Int], _ initializer: Initializer, regularizer: Regularizer? = nil, constraint: Constraint? = nil,
        isTrainable: Bool = true, kind: Kind = .other, dtype: DType? = nil
    ) throws {
        self.name = name
        self.shape = try Shape(checking: shape)
        self.initializer = initializer
        self.regularizer = regularizer
        self.constraint = constraint
        self.isTrainable = isTrainable
        self.kind = kind
        self.dtype = dtype
    }
}
