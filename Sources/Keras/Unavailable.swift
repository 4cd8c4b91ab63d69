import KerasModel

// Keras's Python names, so that typing one is answered with the Swift name.

@available(*, unavailable, renamed: "Model.load(_:)")
public func load_model(_ path: String) -> Model { fatalError() }

@available(*, unavailable, renamed: "Model.init(json:)")
public func model_from_json(_ json: String) -> Model { fatalError() }

@available(*, unavailable, renamed: "toCategorical(_:numClasses:dtype:)")
public func to_categorical(_ labels: Tensor, _ numClasses: Int? = nil) -> Tensor { fatalError() }

extension Model {
    @available(*, unavailable, renamed: "json(_:)")
    public func to_json() -> String { fatalError() }

    @available(*, unavailable, renamed: "save(to:)")
    public func save(_ path: String) { fatalError() }

    @available(*, unavailable, renamed: "saveWeights(to:)")
    public func save_weights(_ path: String) { fatalError() }

    @available(*, unavailable, renamed: "getLayer(_:)")
    public func get_layer(_ name: String) -> any Layer { fatalError() }

    @available(*, unavailable, renamed: "getWeights()")
    public func get_weights() -> [Tensor] { fatalError() }

    @available(*, unavailable, renamed: "setWeights(_:)")
    public func set_weights(_ weights: [Tensor]) { fatalError() }

    @available(*, unavailable, renamed: "countParams()")
    public func count_params() -> Int { fatalError() }
}
