import JSON
import Tensors

/// One call of an operation while it is lowered: its arguments, as tensors or as settings.
///
/// What hangs on constants alone is a constant at once (``Folding``): shapes are computed by operations too, and say what others do.
struct OperationCall {
    let call: LayerCall
    let inputs: [Value]
    let arguments: [String: CallArgument]
    let vocabulary: Operation.Vocabulary
    /// The function's own name.
    let name: String

    init(_ call: LayerCall, _ inputs: [Value], _ signature: Signature, _ vocabulary: Operation.Vocabulary, _ form: CallForm) throws {
        self.call = call
        self.vocabulary = vocabulary
        name = signature.name
        self.inputs = inputs
        arguments = try signature.arguments(of: form)
    }

    // Tensors

    /// The tensor given for a parameter. A number or a list of numbers takes the type of `other`, or its own.
    func tensor(_ name: String = "x", like other: Value? = nil) throws -> Value {
        guard let argument = arguments[name] else { throw lacking(name) }
        return try tensor(argument, like: other)
    }

    func tensors(_ name: String = "x") throws -> [Value] {
        guard let argument = arguments[name] else { throw lacking(name) }
        guard let items = argument.items else { return [try tensor(argument)] }
        let first = try items.first { if case .tensor = $0 { true } else { false } }.map { try tensor($0) }
        return try items.map { try tensor($0, like: first) }
    }

    func has(_ name: String) -> Bool { arguments[name].map { !$0.isNull } ?? false }

    func isTensor(_ name: String) -> Bool { if case .tensor? = arguments[name] { true } else { false } }

    private func tensor(_ argument: CallArgument, like other: Value? = nil) throws -> Value {
        switch argument {
        case .tensor(let place):
            guard inputs.indices.contains(place) else { throw KerasError(.malformed, "a call takes a tensor that is not there") }
            return inputs[place]
        case .value(let json): return try constant(json, like: other)
        case .list(let items):
            let parts = try items.map { try tensor($0, like: other) }
            let dtype = parts.first { !isConstant($0) }?.dtype ?? parts.first?.dtype ?? .int32
            return try stack(try parts.map { try cast($0, dtype) }, axis: 0)
        case .dictionary: throw KerasError(.unsupported, "an operation takes a dictionary")
        }
    }

    /// A number takes the type of what it meets, but a fraction makes integers real, as Keras 3 has it.
    private func constant(_ json: JSON, like other: Value?) throws -> Value {
        if let truth = json.bool { return constant(try Tensor([truth], shape: [])) }
        let numbers = try Numbers(config: json, in: DecodingContext(dialect: .keras3, registry: LayerRegistry([])))
        let isWhole = numbers.values.allSatisfy { $0 == $0.rounded() && abs($0) < 0x1p31 } && !json.holdsFloat
        let dtype: DType =
            switch other?.dtype {
            case let dtype? where dtype.isFloatingPoint || isWhole && dtype != .bool: dtype
            default: isWhole ? .int32 : .float32
            }
        return constant(try Tensor(numbers.values, shape: numbers.shape).converted(to: dtype))
    }

    func constant(_ tensor: Tensor) -> Value { call.lowering.graph.constant(tensor) }
    func constant(_ number: Double, like x: Value) throws -> Value { constant(try Tensor([number], shape: []).converted(to: x.dtype)) }

    /// `0, 1, …` along one axis of `rank`.
    func count(to length: Int, axis: Int, rank: Int, as dtype: DType) throws -> Value {
        var dims = [Int](repeating: 1, count: rank)
        dims[axis] = length
        return constant(try Tensor((0..<length).map(Double.init), shape: Shape(dims)).converted(to: dtype))
    }

    func isConstant(_ x: Value) -> Bool { content(x) != nil }

    func content(_ x: Value) -> Tensor? {
        if case .constant(let tensor) = call.lowering.graph.values[x.id].source { tensor } else { nil }
    }

    // Settings

    private func setting(_ name: String) throws -> JSON? {
        guard let argument = arguments[name], !argument.isNull else { return nil }
        return try setting(argument, name)
    }

    private func setting(_ argument: CallArgument, _ name: String) throws -> JSON {
        switch argument {
        case .value(let json):
            return json["class_name"] == "__numpy__" || json["class_name"] == "__tensor__" ? json["config"]?["value"] ?? json : json
        case .list(let items): return .array(try items.map { try setting($0, name) })
        case .tensor(let place):
            guard inputs.indices.contains(place), let tensor = content(inputs[place]), tensor.rank <= 1 else {
                throw KerasError(.unsupported, "this argument of an operation hangs on the model's data", at: Place(key: name))
            }
            let numbers = try tensor.converted(to: .float64).scalars(as: Double.self).map { JSON.float($0) }
            return tensor.rank == 0 ? numbers[0] : .array(numbers)
        case .dictionary: throw KerasError(.unsupported, "an operation takes a dictionary", at: Place(key: name))
        }
    }

    private static let context = DecodingContext(dialect: .keras3, registry: LayerRegistry([]))

    private func read<V: ConfigValue>(_ name: String, as type: V.Type) throws -> V? {
        try KerasError.placing(Place(key: name)) { try setting(name).map { try V(config: $0, in: Self.context) } }
    }

    func int(_ name: String) throws -> Int? {
        guard let value = try read(name, as: Int.self) else { return nil }
        guard (-(1 << 31)..<1 << 31).contains(value) else {
            throw KerasError(.malformed, "a number is too large", at: Place(key: name), found: "\(value)")
        }
        return value
    }

    /// A list of integers, or one.
    func ints(_ name: String) throws -> [Int]? {
        guard let json = try setting(name) else { return nil }
        let values = try KerasError.placing(Place(key: name)) {
            json.number != nil
                ? [try Int(config: json, in: Self.context)] : try [Int](config: json, in: Self.context)
        }
        guard values.allSatisfy({ (-(1 << 31)..<1 << 31).contains($0) }) else {
            throw KerasError(.malformed, "a number is too large", at: Place(key: name))
        }
        return values
    }

    func pairs(_ name: String) throws -> [[Int]]? {
        guard let pairs = try read(name, as: [[Int]].self) else { return nil }
        guard pairs.joined().allSatisfy({ (-(1 << 31)..<1 << 31).contains($0) }) else {
            throw KerasError(.malformed, "a number is too large", at: Place(key: name))
        }
        return pairs
    }

    func double(_ name: String) throws -> Double? { try read(name, as: Double.self) }
    func bool(_ name: String) throws -> Bool { try read(name, as: Bool.self) ?? false }
    func string(_ name: String) throws -> String? { try read(name, as: String.self) }

    func dtype(_ name: String = "dtype") throws -> DType? {
        guard let name = try string(name) else { return nil }
        guard let dtype = DType(name: Self.graphTypes[name] ?? name) else {
            throw KerasError(.unsupported, "this element type is not known", found: name)
        }
        return dtype
    }

    private static let graphTypes = [
        "DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_BFLOAT16": "bfloat16", "DT_INT8": "int8",
        "DT_INT16": "int16", "DT_INT32": "int32", "DT_INT64": "int64", "DT_UINT8": "uint8", "DT_BOOL": "bool",
    ]

    /// An axis from the front; in a tensor of `rank` axes.
    func axis(_ name: String = "axis", rank: Int, default fallback: Int? = nil) throws -> Int {
        guard let axis = try int(name) ?? fallback else { throw lacking(name) }
        return try resolved(axis, rank)
    }

    /// Axes from the front, each once, ascending; nil for all of them.
    func axes(_ name: String = "axis", rank: Int) throws -> [Int]? {
        try ints(name).map { try Set($0.map { try resolved($0, rank) }).sorted() }
    }

    func resolved(_ axis: Int, _ rank: Int) throws -> Int {
        try SymbolicShape(Array(repeating: nil, count: rank)).axis(axis)
    }

    func lacking(_ name: String) -> KerasError { KerasError(.malformed, "an operation lacks an argument", at: Place(key: name)) }

    func unsupported(_ name: String, _ value: some CustomStringConvertible) -> KerasError {
        KerasError(.unsupported, "this setting of an operation is not run", at: Place(key: name), found: "\(value)")
    }

    // Primitives

    func emit(_ op: Op, _ operands: Value...) throws -> Value { try emit(op, operands) }

    func emit(_ op: Op, _ operands: [Value]) throws -> Value {
        let known = operands.compactMap(content)
        if known.count == operands.count, let (shape, dtype) = try? op.results(of: operands).first,
            let result = try Folding.apply(op, known, shape: shape, dtype: dtype)
        {
            return constant(result)
        }
        return try call.emit(op, operands)
    }

    func cast(_ x: Value, _ dtype: DType) throws -> Value { x.dtype == dtype ? x : try emit(.cast(dtype), x) }
    func reshape(_ x: Value, _ dims: [Int]) throws -> Value {
        x.shape.dims == dims ? x : try emit(.reshape(try Shape(checking: dims)), x)
    }
    func transpose(_ x: Value, _ axes: [Int]) throws -> Value { axes == Array(0..<x.rank) ? x : try emit(.transpose(axes), x) }
    func affine(_ x: Value, scale: Double = 1, offset: Double = 0) throws -> Value {
        try emit(.unary(.affine(scale: scale, offset: offset)), x)
    }

    func stack(_ parts: [Value], axis: Int) throws -> Value {
        guard let first = parts.first else { throw KerasError(.mismatch, "there is nothing to stack") }
        let axis = try resolved(axis, first.rank + 1)
        return try emit(
            .concatenate(axis: axis),
            try parts.map { part in
                guard axis <= part.rank else { throw KerasError(.mismatch, "tensors to stack have other shapes", found: "\(part.shape)") }
                var dims = part.shape.dims
                dims.insert(1, at: axis)
                return try reshape(part, dims)
            })
    }

    /// Real numbers as they are, others as float32.
    func real(_ x: Value) throws -> Value { x.dtype.isFloatingPoint ? x : try cast(x, .float32) }

    /// Two operands of one type: the wider, reals before integers before truth values.
    func aligned(_ a: Value, _ b: Value) throws -> (Value, Value) {
        if a.dtype == b.dtype { return (a, b) }
        func order(_ x: Value) -> (Int, Int) { (x.dtype.isFloatingPoint ? 2 : x.dtype == .bool ? 0 : 1, x.dtype.size) }
        let dtype = order(a) >= order(b) ? a.dtype : b.dtype
        return (try cast(a, dtype), try cast(b, dtype))
    }

    /// The two operands `x` and `y` of one type.
    func operands() throws -> (Value, Value) {
        if isTensor("x") || !isTensor("y") {
            let x = try tensor("x")
            return try aligned(x, try tensor("y", like: x))
        }
        let y = try tensor("y")
        return try aligned(try tensor("x", like: y), y)
    }
}

extension JSON {
    /// True if a number in it was written as a fraction.
    fileprivate var holdsFloat: Bool {
        switch self {
        case .float: true
        case .array(let items): items.contains(where: \.holdsFloat)
        case .object(let object): object.values.contains(where: \.holdsFloat)
        default: false
        }
    }
}
