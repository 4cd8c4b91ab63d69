import JSON
import Tensors

/// Any cell run over the steps of `(n, t, …)`.
public struct RNN: RecurrentLayer {
    public static let className = "RNN"
    public static let blank = RNN(SimpleRNNCell(0))
    public static let keys: [ConfigKey<RNN>] =
        RecurrentSettings.keys(\.recurrent) + [
            .key("num_constants", \.constantCount, in: Dialect.older).written { layer, _ in layer.constantCount > 0 }
                .needed { $0.constantCount > 0 },
            .required("cell", \.held),
        ]

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    /// How many of the inputs, the last ones, are the same for every step. No cell of Keras's own looks at them; a stack of such hands them to
    /// none.
    public package(set) var constantCount = 0
    var held: HeldCell

    /// The cell.
    public var cell: any RecurrentCell {
        get { held.cell }
        set { held.cell = newValue }
    }
    public var heldCell: any RecurrentCell { held.cell }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> RNN {
        var copy = self
        try copy.held.change(change)
        return copy
    }

    public func renewed() -> RNN {
        with {
            $0.base = base.renewed()
            $0.held.cell = held.cell.renewed()
        }
    }

    public init(
        _ cell: any RecurrentCell, returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false,
        stateful: Bool = false, name: String? = nil
    ) {
        held = HeldCell(cell)
        recurrent.returnSequences = returnSequences
        recurrent.returnState = returnState
        recurrent.goBackwards = goBackwards
        recurrent.stateful = stateful
        base.name = name
    }

    /// A stack of cells, as Keras takes a list of them.
    public init(
        _ cells: [any RecurrentCell], returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false,
        stateful: Bool = false, name: String? = nil
    ) {
        self.init(
            StackedRNNCells(cells), returnSequences: returnSequences, returnState: returnState, goBackwards: goBackwards,
            stateful: stateful, name: name)
    }
}

/// A cell in a configuration.
struct HeldCell: ConfigValue {
    var cell: any RecurrentCell
    private var buildConfig: JSON?

    init(_ cell: any RecurrentCell) { self.cell = cell.name.isEmpty ? cell.named(Architecture.snakeCase(type(of: cell).className)) : cell }

    init(config json: JSON, in context: DecodingContext) throws {
        let held = try HeldLayer(config: json, in: context)
        guard let cell = held.layer as? any RecurrentCell else {
            throw KerasError(.unsupported, "this layer is no cell that is known", found: "'\(type(of: held.layer).className)'")
        }
        self.cell = cell
        buildConfig = held.buildConfig
    }

    mutating func change(_ change: (any Layer) throws -> any Layer) throws {
        if let changed = try change(cell) as? any RecurrentCell { cell = changed }
    }

    func config(in context: EncodingContext) throws -> JSON {
        var held = HeldLayer(cell)
        held.buildConfig = buildConfig
        return try held.config(in: context)
    }
}
