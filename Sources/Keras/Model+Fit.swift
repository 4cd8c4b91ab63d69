import KerasModel
import KerasRuntime
import Tensors

extension Model {
    /// Trains on `x (n, …)` with the answers `y (n, …)`. Keras: `fit`.
    ///
    /// - Parameters:
    ///   - epochs: where training ends, counted from `initialEpoch`'s 0.
    ///   - validationSplit: the share of the samples, taken from the end before any shuffling, that is not trained on but evaluated after each
    ///     epoch.
    ///   - shuffle: draws the samples' order anew for each epoch.
    ///   - classWeight: what the samples of a class count for; 1 unless given. Keras: `class_weight`.
    ///   - sampleWeight: what each sample counts for, `(n)`.
    ///   - stepsPerEpoch: batches of an epoch, if they are to be fewer than there are.
    ///   - verbose: 1 for Keras's progress bar, on a terminal alone; 2 for a line after each epoch; 0 for nothing.
    ///   - seed: what the order and all that is random in layers hang on: the same seed gives the same bits on any number of threads.
    /// - Throws: a `mismatch` problem if the data does not fit the model or it was not compiled, `unsupported` for what is not trained; what
    ///   a callback throws.
    @discardableResult public func fit(
        _ x: Tensor, _ y: Tensor, batchSize: Int = 32, epochs: Int = 1, callbacks: [any Callback] = [], validationSplit: Double = 0,
        validationData: (x: Tensor, y: Tensor)? = nil, shuffle: Bool = true, classWeight: [Int: Double]? = nil, sampleWeight: Tensor? = nil,
        initialEpoch: Int = 0, stepsPerEpoch: Int? = nil, seed: UInt64 = 0, verbose: Int = 1
    ) throws -> History {
        try fit(
            [x], [y], batchSize: batchSize, epochs: epochs, callbacks: callbacks, validationSplit: validationSplit,
            validationData: validationData.map { Batch($0.x, $0.y) }, shuffle: shuffle, classWeight: classWeight,
            sampleWeights: sampleWeight.map { [$0] }, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch, seed: seed, verbose: verbose
        )
    }

    /// The same for several inputs and outputs, in the model's order.
    @discardableResult public func fit(
        _ x: [Tensor], _ y: [Tensor], batchSize: Int = 32, epochs: Int = 1, callbacks: [any Callback] = [], validationSplit: Double = 0,
        validationData: Batch? = nil, shuffle: Bool = true, classWeight: [Int: Double]? = nil, sampleWeights: [Tensor?]? = nil,
        initialEpoch: Int = 0, stepsPerEpoch: Int? = nil, seed: UInt64 = 0, verbose: Int = 1
    ) throws -> History {
        try buildIfNeeded(for: x)
        let initialEpoch = try restored(by: callbacks) ?? initialEpoch
        var data = try ordered(Batch(inputs: x, targets: y, sampleWeights: sampleWeights))
        if let classWeight { data = try data.weighted(byClass: classWeight) }
        let samples = try data.sampleCount()
        guard validationSplit >= 0, validationSplit < 1 else {
            throw KerasError(
                .mismatch, "the share of samples to validate with is not possible", found: "\(validationSplit)", expected: "0 ≤ share < 1")
        }
        let kept = validationSplit > 0 ? Int((Double(samples) * (1 - validationSplit)).rounded(.down)) : samples
        let validation = try validationData.map(ordered) ?? (kept < samples ? data[kept..<samples] : nil)
        let batches = try ArrayBatches(data, rows: 0..<kept, batchSize: batchSize, shuffle: shuffle, seed: seed, epoch: initialEpoch)
        return try fit(
            batches, samples: kept, epochs: epochs, callbacks: callbacks, validation: validation.map { ($0, batchSize) },
            initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch, seed: seed, verbose: verbose)
    }

    /// Inputs, answers and weights by the names of the model's inputs and outputs.
    @discardableResult public func fit(
        _ x: [String: Tensor], _ y: [String: Tensor], batchSize: Int = 32, epochs: Int = 1, callbacks: [any Callback] = [],
        validationSplit: Double = 0, shuffle: Bool = true, sampleWeights: [String: Tensor] = [:], initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, seed: UInt64 = 0, verbose: Int = 1
    ) throws -> History {
        let snapshot = try snapshot()
        let outputs = snapshot.outputNames
        return try fit(
            try x.listed(by: snapshot.inputNames, "input"), try y.listed(by: outputs, "output"), batchSize: batchSize, epochs: epochs,
            callbacks: callbacks, validationSplit: validationSplit, shuffle: shuffle,
            sampleWeights: sampleWeights.isEmpty ? nil : outputs.map { sampleWeights[$0] }, initialEpoch: initialEpoch,
            stepsPerEpoch: stepsPerEpoch, seed: seed, verbose: verbose)
    }

    /// Trains on batches as a sequence gives them, in its order.
    @discardableResult public func fit(
        _ batches: some BatchSequence, epochs: Int = 1, callbacks: [any Callback] = [], validationData: Batch? = nil, initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, seed: UInt64 = 0, verbose: Int = 1
    ) throws -> History {
        if awaitsInputShape { try buildIfNeeded(for: try batches.batch(at: 0).inputs) }
        let initialEpoch = try restored(by: callbacks) ?? initialEpoch
        return try fit(
            batches, samples: nil, epochs: epochs, callbacks: callbacks, validation: try validationData.map { (try ordered($0), 32) },
            initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch, seed: seed, verbose: verbose)
    }

    private func fit(
        _ batches: some BatchSequence, samples: Int?, epochs: Int, callbacks: [any Callback], validation: (data: Batch, batchSize: Int)?,
        initialEpoch: Int, stepsPerEpoch: Int?, seed: UInt64, verbose: Int
    ) throws -> History {
        let progress = ProgbarLogger(verbose: verbose)
        let callbacks = progress.isSeen ? callbacks + [progress] : callbacks
        var batches = batches
        let steps = min(stepsPerEpoch ?? batches.count, batches.count)
        let trainer = try trainer(seed: seed)
        let training = Training(trainer, self, epochs: epochs, steps: steps, samples: samples, isValidated: validation != nil)
        // Whatever ends training, the model has what was learnt.
        defer { _ = try? training.model }
        var history = History()
        for callback in callbacks { try callback.onTrainBegin(training) }
        for epoch in initialEpoch..<max(epochs, initialEpoch) where !training.stopTraining {
            training.beginEpoch()
            for callback in callbacks { try callback.onEpochBegin(epoch, training) }
            for step in 0..<steps where !training.stopTraining {
                for callback in callbacks { try callback.onTrainBatchBegin(step, training) }
                try training.step(try batches.batch(at: step))
                if callbacks.isEmpty { continue }
                let logs = training.logs
                for callback in callbacks { try callback.onTrainBatchEnd(step, logs, training) }
            }
            var logs = training.logs
            if let validation {
                logs.values += try training.model.scores(validation.data, batchSize: validation.batchSize).map {
                    ("val_" + $0.name, $0.value)
                }
            }
            history.epoch.append(epoch)
            history.epochs.append(try training.end(epoch, logs, callbacks))
            batches.onEpochEnd()
        }
        _ = try training.model
        for callback in callbacks { try callback.onTrainEnd(training) }
        return history
    }

    /// Gives the model what a callback has kept of a run that was broken off.
    ///
    /// - Returns: the epoch to go on with.
    private func restored(by callbacks: [any Callback]) throws -> Int? {
        try callbacks.lazy.compactMap { $0 as? BackupAndRestore }.first?.restore(self)
    }

    /// One step on one batch. Keras: `train_on_batch`.
    ///
    /// - Returns: `loss` and the metrics of this batch, before the step.
    /// - Throws: as `fit`.
    @discardableResult public func trainOnBatch(_ x: Tensor, _ y: Tensor, sampleWeight: Tensor? = nil, seed: UInt64 = 0) throws -> Logs {
        try trainOnBatch(Batch(x, y, sampleWeight: sampleWeight), seed: seed)
    }

    /// The same for several inputs and outputs.
    @discardableResult public func trainOnBatch(_ batch: Batch, seed: UInt64 = 0) throws -> Logs {
        try buildIfNeeded(for: batch.inputs)
        let batch = try ordered(batch)
        let trainer = try keptTrainer(seed: seed)
        trainer.resetFigures()
        try trainer.step(inputs: batch.inputs, targets: batch.targets, weights: batch.sampleWeights)
        try take(trainer)
        state.withLock { $0.trainer = (trainer, seed, $0.version) }
        return Logs(trainer.figures)
    }

    /// That of the last call, if nothing has changed since, or a new one. It is this caller's alone.
    private func keptTrainer(seed: UInt64) throws -> Trainer {
        let kept = state.withLock { state in
            defer { state.trainer = nil }
            return state.trainer.flatMap { $0.seed == seed && $0.version == state.version ? $0.trainer : nil }
        }
        return try kept ?? trainer(seed: seed)
    }

    /// A batch whose weights, if there is one tensor for several outputs, stand for each of them.
    private func ordered(_ batch: Batch) throws -> Batch {
        var batch = batch
        let outputs = try built().outputShapes.count
        if let weights = batch.sampleWeights, weights.count == 1, outputs > 1 {
            batch.sampleWeights = Array(repeating: weights[0], count: outputs)
        }
        for (what, found, expected) in [
            ("targets", batch.targets.count, outputs), ("sample weights", batch.sampleWeights?.count ?? outputs, outputs),
        ] where found != expected {
            throw KerasError(.mismatch, "the data has another number of \(what) than the model", found: "\(found)", expected: "\(expected)")
        }
        _ = try batch.sampleCount()
        return batch
    }
}

extension Batch {
    /// Each sample's weight times that of its class: of the number in the targets, or of the largest along their last axis.
    fileprivate func weighted(byClass weights: [Int: Double]) throws -> Batch {
        guard targets.count == 1 else {
            throw KerasError(.mismatch, "classes are weighed for models with one output alone", found: "\(targets.count) outputs")
        }
        let target = targets[0]
        let numbers = try target.scalars(as: Double.self)
        let classes: [Int]
        if target.rank > 1, let columns = target.shape.dims.last, columns > 1 {
            classes = stride(from: 0, to: numbers.count, by: columns).map { row in
                (1..<columns).reduce(0) { numbers[row + $1] > numbers[row + $0] ? $1 : $0 }
            }
        } else {
            classes = numbers.map { Int(exactly: $0.rounded()) ?? -1 }
        }
        var factors = classes.map { Float(weights[$0] ?? 1) }
        if let own = try sampleWeights?[0]?.scalars(as: Float.self) {
            guard own.count == factors.count else {
                throw KerasError(.mismatch, "sample weights do not fit the targets", found: "\(own.count)", expected: "\(factors.count)")
            }
            for index in factors.indices { factors[index] *= own[index] }
        }
        let shape = Shape(target.rank > 1 && (target.shape.dims.last ?? 1) >= 1 ? Array(target.shape.dims.dropLast()) : target.shape.dims)
        var result = self
        result.sampleWeights = [try Tensor(factors, shape: shape.count == factors.count ? shape : [factors.count])]
        return result
    }
}

extension [String: Tensor] {
    /// The tensors in the order of `names`.
    ///
    /// - Throws: a `mismatch` problem for a name that is missing or nobody's.
    fileprivate func listed(by names: [String], _ what: String) throws -> [Tensor] {
        for name in keys.sorted() where !names.contains(name) {
            throw KerasError(
                .mismatch, "the model has no such \(what)", found: "'\(name)'", expected: names.map { "'\($0)'" }.joined(separator: ", "))
        }
        return try names.map { name in
            guard let tensor = self[name] else { throw KerasError(.mismatch, "an \(what) is missing", expected: "'\(name)'") }
            return tensor
        }
    }
}
