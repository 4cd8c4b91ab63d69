import Tensors

// Text never reaches the runtime. Layers that look at text, or at whole numbers as text, are computed when data comes in: the model is lowered
// with the data at hand, each such layer says what it finds, and the graph that is run takes what was found as further inputs.

/// What a model's layers have found in one batch.
package struct Reading: Sendable {
    /// What the model's graph takes: its inputs, with zeros in the place of text, then what each layer found, in the order of the calls.
    package let tensors: [Tensor]
    /// The words that an output's numbers stand for, by the output's position.
    package let vocabularies: [Int: Vocabulary]
}

/// Words by number.
package struct Vocabulary: Sendable {
    let words: [[UInt8]]
    /// For numbers that have none.
    let unknown: [UInt8]

    /// The words of whole numbers, in the numbers' shape.
    package func words(at numbers: Tensor) throws -> Tensor {
        let found = try numbers.scalars(as: Int.self).map { words.indices.contains($0) ? words[$0] : unknown }
        return try Tensor(found.map { String(decoding: $0, as: UTF8.self) }, shape: numbers.shape)
    }
}

extension BuiltModel {
    /// True if a layer looks into the data: the model's batches are read before they are run (``read(_:)``).
    package var readsData: Bool { layersWithin.values.contains { type(of: $0).readsData } }

    /// What the layers find in a batch of the shapes the model takes.
    ///
    /// - Throws: a `mismatch` problem for text where a layer computes with numbers, and the other way round.
    package func read(_ inputs: [Tensor]) throws -> Reading {
        let lowering = Lowering(self, phase: .predict)
        lowering.contents = [:]
        let types = architecture.inputLayers.map(\.valueType)
        var numbers: [Tensor] = []
        let values = try inputs.enumerated().map { index, tensor in
            if tensor.dtype.isText {
                numbers.append(try Tensor(zeros: tensor.shape, dtype: .int32))
                return lowering.graph.constant(try Tensor(utf8: tensor.utf8(), shape: tensor.shape))
            }
            numbers.append(tensor)
            let value = lowering.graph.input(shape: tensor.shape, dtype: types.indices.contains(index) ? types[index] : .float32)
            lowering.contents?[value.id] = tensor
            return value
        }
        let outputs = try lowering.lower(root, values.map { MaskedValue($0) }, path: "").map(\.value)
        if let index = outputs.firstIndex(where: \.dtype.isText) {
            throw KerasError(.unsupported, "text that no layer looks at is not given back", found: "output \(index)")
        }
        let vocabularies = outputs.enumerated().compactMap { index, value in lowering.vocabularies[value.id].map { (index, $0) } }
        return Reading(tensors: numbers + lowering.found, vocabularies: Dictionary(uniqueKeysWithValues: vocabularies))
    }
}

extension Lowering {
    /// What a primitive makes of text: it may be moved about. nil for operands that are numbers.
    ///
    /// - Throws: a `mismatch` problem for text that is to be computed with.
    func moved(_ op: Op, _ operands: [Value]) throws -> Value? {
        if !vocabularies.isEmpty, operands.contains(where: { vocabularies[$0.id] != nil }) {
            throw KerasError(.unsupported, "words that a lookup gives are not looked at by other layers")
        }
        guard let contents else { return nil }
        let tensors = operands.compactMap { operand -> Tensor? in
            if case .constant(let tensor) = graph.values[operand.id].source { tensor } else { contents[operand.id] }
        }
        let isText = operands.contains { $0.dtype.isText }
        guard tensors.count == operands.count, isText || operands.contains(where: { contents[$0.id] != nil }) else { return nil }
        let result = try op.results(of: operands)[0]
        let places = Folding.places(op, operands.map(\.shape), result.shape)
        if isText {
            guard let places, operands.allSatisfy(\.dtype.isText) else {
                throw KerasError(.mismatch, "text is computed with", found: "\(op)", expected: "numbers")
            }
            let words = try tensors.flatMap { try $0.utf8() }
            return graph.constant(try Tensor(utf8: places.map { words[$0] }, shape: result.shape))
        }
        // What is still known of numbers is kept beside what is computed of them.
        guard let places, tensors.count == 1 else { return nil }
        let value = try graph.emit(op, operands, layer: "")
        self.contents?[value.id] = try tensors[0].reshaped(to: [tensors[0].count]).rows(places).reshaped(to: result.shape)
        return value
    }
}

extension LayerCall {
    /// What `find` makes of the inputs' data.
    ///
    /// - Parameters:
    ///   - type: of what it makes: int32, or a real number.
    ///   - find: gets the data of each input: text, or numbers as they were given to the model.
    /// - Throws: `unsupported` where the data is not known: in training, and for numbers that were computed.
    func read(_ inputs: [Value], as type: DType, _ find: ([Tensor]) throws -> Tensor) throws -> Value {
        guard let contents = lowering.contents else {
            guard let shape = lowering.foundShapes.popFirst() else {
                throw KerasError(
                    .unsupported, "text, and numbers as text, are looked at where a model predicts alone", found: layer.typeName,
                    expected: "training of the layers behind it")
            }
            return lowering.graph.input(shape: shape, dtype: type)
        }
        let tensors = try inputs.map { input in
            if case .constant(let tensor) = lowering.graph.values[input.id].source { return tensor }
            guard let tensor = contents[input.id] else {
                throw KerasError(.unsupported, "numbers that were computed are not looked at as text", found: layer.typeName)
            }
            return tensor
        }
        let found = try find(tensors).converted(to: type)
        let value = lowering.graph.input(shape: found.shape, dtype: type)
        lowering.contents?[value.id] = found
        lowering.found.append(found)
        return value
    }

    /// `numbers` as places in a vocabulary, whose words the model gives instead.
    func words(of numbers: Value, in vocabulary: Vocabulary) throws -> Value {
        let value = try emit(.reshape(numbers.shape), try cast(numbers, .int32))
        lowering.vocabularies[value.id] = vocabulary
        return value
    }
}
