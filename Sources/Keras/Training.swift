import KerasModel
import KerasRuntime
import Tensors

/// A run of `fit` as its callbacks see it.
public final class Training {
    private let trainer: Trainer
    private let trained: Model
    /// The number of epochs counted from 0 that `fit` goes up to, and of batches in each.
    public let epochs: Int
    public let steps: Int
    /// Samples in all batches of an epoch; nil if they come from a sequence.
    public let samples: Int?
    /// What data is validated with, if there is any.
    public let isValidated: Bool
    /// Ends training after this batch, if a callback says so. Keras: `model.stop_training`.
    public var stopTraining = false
    /// The optimizer's, of the next step; a callback may change it. Keras: `model.optimizer.learning_rate`.
    public var learningRate: Double {
        get { Double(trainer.optimizer.learningRate) }
        set {
            trainer.optimizer.set(learningRate: newValue)
            isAhead = true
        }
    }
    /// Figures that callbacks have added to the epoch's, for the callbacks after them and for the history.
    private var added = Logs()
    /// True until the model has the weights that the steps so far have come to.
    private var isAhead = true

    init(_ trainer: Trainer, _ model: Model, epochs: Int, steps: Int, samples: Int?, isValidated: Bool) {
        (self.trainer, trained, self.epochs, self.steps, self.samples) = (trainer, model, epochs, steps, samples)
        self.isValidated = isValidated
    }

    /// Adds a figure to those of the epoch that ends. Keras: `logs["learning_rate"] = …`.
    public func log(_ name: String, _ value: Double) { added.values.append((name, value)) }

    /// The figures of an epoch that ends, after each callback has been told them.
    func end(_ epoch: Int, _ logs: Logs, _ callbacks: [any Callback]) throws -> Logs {
        var logs = logs
        for callback in callbacks {
            try callback.onEpochEnd(epoch, logs, self)
            for (name, value) in added.values {
                if let known = logs.values.firstIndex(where: { $0.name == name }) {
                    logs.values[known].value = value
                } else {
                    logs.values.append((name, value))
                }
            }
            added = Logs()
        }
        return logs
    }

    /// What the model is evaluated by.
    func spec() throws -> EvaluationSpec { try trained.compilation().spec }

    /// The model with the weights and the optimizer's state of this moment, to be saved or asked.
    public var model: Model {
        get throws {
            if isAhead { try trained.take(trainer) }
            isAhead = false
            return trained
        }
    }

    func step(_ batch: Batch) throws {
        isAhead = true
        try trainer.step(inputs: batch.inputs, targets: batch.targets, weights: batch.sampleWeights)
    }

    var logs: Logs { Logs(trainer.figures) }
    func beginEpoch() { trainer.resetFigures() }
}

extension Model {
    /// Takes over what a trainer has come to.
    func take(_ trainer: Trainer) throws {
        let weights = try trainer.snapshot()
        let kept = try trainer.optimizer.state()
        let trained = try built().trainedWeights
        let variables = try state.withLock { state in
            state.compilation?.state = kept
            let optimizer = trainer.optimizer.optimizer
            if let compiled = state.compilation?.optimizer, compiled.learningRate != optimizer.learningRate {
                state.compilation?.optimizer = optimizer
                state.training?.set(learningRate: optimizer.learningRate)
            }
            try state.training?.set(kept, of: optimizer, weights: trained)
            return state.variables
        }
        for (id, tensor) in weights { variables[id]?.set(tensor) }
    }

    /// A trainer that begins where the model is.
    package func trainer(seed: UInt64) throws -> Trainer {
        let compilation = try compilation()
        let built = try built()
        let (variables, runtime) = state.withLock { state in
            state.trainer = nil
            return (state.variables, state.runtime)
        }
        let trainer = try Trainer(
            built, weights: variables.mapValues(\.tensor), spec: compilation.spec, optimizer: compilation.optimizer, seed: seed,
            options: runtime)
        if let state = compilation.state { try trainer.optimizer.resume(state) }
        return trainer
    }
}
