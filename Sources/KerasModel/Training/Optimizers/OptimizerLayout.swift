import JSON
import Tensors

/// A variable of an optimizer as a file has it, and what it is.
package struct NamedOptimizerVariable: Sendable {
    /// The weight it belongs to; nil for one of the optimizer as a whole.
    package let weight: String?
    /// `iteration`, `learning_rate`, `momentum`, `velocity`, …: Keras 3's word.
    package let slot: String
    /// What the file calls it.
    package let stored: String
    package let tensor: Tensor
}

/// In which order the files of a generation of Keras hold what an optimizer keeps: they are read back by position.
package struct OptimizerLayout: Sendable {
    typealias Variable = (name: String, shape: Shape)

    enum Entry: Hashable, Sendable {
        /// Steps done.
        case iteration
        case learningRate
        case average(variable: Int)
        case gathered(variable: Int)
        case slot(Int, variable: Int)
        /// One of the numbers for all variables together.
        case shared(Int)
        /// What this generation keeps of a variable though its algorithm has no use for it: zeros.
        case unused(variable: Int)
        /// The same where a number stands for the variable.
        case unusedNumber(variable: Int)
        /// What an optimizer that scales the loss has of every optimizer's, and leaves to the one it is round.
        case outerIteration
        case outerLearningRate
        case stepCounter
        case dynamicScale
    }

    let entries: [Entry]
    private let optimizer: Optimizer
    private let variables: [Variable]
    /// Of each variable.
    private let slots: [[(name: String, shape: Shape)]]

    /// The layouts of a generation's versions, the latest first; none if what the algorithm keeps is not known.
    static func all(_ optimizer: Optimizer, _ variables: [Variable], dialect: Dialect, rules: OptimizerRules) -> [OptimizerLayout] {
        let slots = variables.compactMap { optimizer.algorithm.kept(of: $0.shape, path: $0.name) }
        guard slots.count == variables.count, dialect == .keras3 || !optimizer.algorithm.isUneven else { return [] }
        return candidates(optimizer, slots.map(\.count), dialect: dialect, rules: rules).map {
            OptimizerLayout(entries: $0, optimizer: optimizer, variables: variables, slots: slots)
        }
    }

    /// - Parameter slots: how many of each variable.
    private static func candidates(_ optimizer: Optimizer, _ slots: [Int], dialect: Dialect, rules: OptimizerRules) -> [[Entry]] {
        let algorithm = optimizer.algorithm
        let count = algorithm.slots.count
        let averages = optimizer.average == nil ? [] : slots.indices.map { Entry.average(variable: $0) }
        let gathered = optimizer.gradientAccumulationSteps == nil ? [] : slots.indices.map { Entry.gathered(variable: $0) }
        // Slots in one group stand together for each variable.
        func groups(_ groups: [[Int]]) -> [Entry] {
            groups.flatMap { group in slots.indices.flatMap { variable in group.map { .slot($0, variable: variable) } } }
        }
        let apart = groups((0..<count).map { [$0] })
        let unused = slots.indices.map { Entry.unused(variable: $0) }
        let shared = algorithm.sharedState.indices.map { Entry.shared($0) }
        switch (dialect, rules) {
        // A schedule's rate is no variable.
        case (.keras3, _):
            let first = scale(optimizer, isBuilt: !slots.isEmpty) + [.iteration] + (optimizer.schedule == nil ? [.learningRate] : [])
            let uneven = slots.enumerated().flatMap { variable, count in (0..<count).map { Entry.slot($0, variable: variable) } }
            let own = averages + gathered + (algorithm.isUneven ? uneven : groups(algorithm.slotGroups))
            // What is shared stood first before Keras 3.10.
            return [first + own + shared, first + shared + own]
        case (.tfKeras, .current):
            // Momenta are kept even where there is no momentum; the product of Nadam's is not.
            return [[.iteration] + averages + (count == 0 ? unused : groups(algorithm.slotGroups))]
        case (.tfKeras, _):
            return [[.iteration] + shared + (algorithm.isInterleavedEverywhere ? groups([Array(0..<count)]) : apart)]
        case (.keras2, _):
            let momenta = count == 0 ? unused : apart
            // Adam keeps a number in place of what AMSGrad would keep.
            let placeholders = algorithm is Adam && count == 2 ? slots.indices.map { Entry.unusedNumber(variable: $0) } : []
            return [[.iteration] + shared + momenta + placeholders, [.iteration] + momenta + placeholders, [.iteration] + momenta, momenta]
        }
    }

    /// What Keras 3 has of the optimizer round this one. tf.keras keeps nothing of it.
    private static func scale(_ optimizer: Optimizer, isBuilt: Bool) -> [Entry] {
        guard let scale = optimizer.lossScale, scale.isOptimizer else { return [] }
        return [.outerIteration, .outerLearningRate] + (isBuilt ? [.stepCounter, .dynamicScale] : [])
    }

    /// How many variables at the front are those of an optimizer round the one that moves the weights.
    var outerCount: Int {
        entries.prefix { [.outerIteration, .outerLearningRate, .stepCounter, .dynamicScale].contains($0) }.count
    }

    /// Keras 3's word for an entry, and the variable it belongs to.
    fileprivate func meaning(_ entry: Entry) -> (slot: String, variable: Int?) {
        switch entry {
        case .iteration: ("iteration", nil)
        case .learningRate: ("learning_rate", nil)
        case .average(let variable): ("average", variable)
        case .gathered(let variable): ("gradient_accumulator", variable)
        case .slot(let slot, let variable): (slots[variable][slot].name, variable)
        case .shared(let index): (optimizer.algorithm.sharedNames[index], nil)
        case .unused(let variable): ("momentum", variable)
        case .unusedNumber(let variable): ("velocity_hat", variable)
        case .outerIteration: ("loss_scale_optimizer/iteration", nil)
        case .outerLearningRate: ("loss_scale_optimizer/learning_rate", nil)
        case .stepCounter: ("step_counter", nil)
        case .dynamicScale: ("dynamic_scale", nil)
        }
    }

    /// Whether a tensor can be what an entry says.
    private func fits(_ entry: Entry, _ tensor: Tensor) -> Bool {
        switch entry {
        case .average(let variable), .gathered(let variable): tensor.shape == variables[variable].shape
        case .slot(let slot, let variable): tensor.shape == slots[variable][slot].shape
        case .unused, .unusedNumber: true
        // Some generations have a list of one.
        default: tensor.count == 1
        }
    }
}

extension OptimizerLayout {
    /// What a file holds, put where it belongs.
    ///
    /// - Returns: nil if the numbers do not fit the variables.
    func read(_ tensors: [Tensor]) throws -> OptimizerState? {
        guard tensors.count == entries.count, zip(entries, tensors).allSatisfy(fits) else { return nil }
        var slots = slots.map { $0.map { _ in nil as Tensor? } }
        var averages = [Tensor?](repeating: nil, count: variables.count)
        var gathered = averages
        var state = OptimizerState(iterations: 0, slots: [], shared: optimizer.algorithm.sharedState.map { Float($0) })
        if let scale = optimizer.lossScale, scale.isOptimizer {
            state.lossScale = LossScaleState(scale: Float(scale.initial), steps: 0)
        }
        for (entry, tensor) in zip(entries, tensors) {
            func number() throws -> Double? { try tensor.scalars(as: Double.self).first }
            switch entry {
            case .iteration: state.iterations = OptimizerLayout.steps(try number())
            case .learningRate: state.learningRate = try number()
            case .average(let variable): averages[variable] = tensor
            case .gathered(let variable): gathered[variable] = tensor
            case .slot(let slot, let variable): slots[variable][slot] = tensor
            case .shared(let index): state.shared[index] = try number().map { Float($0) } ?? state.shared[index]
            case .stepCounter: state.lossScale?.steps = OptimizerLayout.steps(try number())
            case .dynamicScale: state.lossScale?.scale = Float(try number() ?? 1)
            case .unused, .unusedNumber, .outerIteration, .outerLearningRate: continue
            }
        }
        let (known, waiting) = (averages.compactMap { $0 }, gathered.compactMap { $0 })
        state.slots = slots.map { $0.compactMap { $0 } }
        if known.count == variables.count, optimizer.average != nil { state.averages = known }
        if waiting.count == variables.count, optimizer.gradientAccumulationSteps != nil { state.gathered = waiting }
        return state
    }

    /// Steps counted in a file's number, which may be anything.
    private static func steps(_ number: Double?) -> Int { max(number.flatMap { Int(exactly: $0.rounded()) } ?? 0, 0) }

    /// The same as a file has it.
    ///
    /// - Parameter prefix: the optimizer's name.
    func write(_ state: OptimizerState, prefix: String) throws -> [(name: String, tensor: Tensor)] {
        try entries.map { entry in
            let (slot, variable) = meaning(entry)
            let name = variable.map { "\(prefix)/\(variables[$0].name)_\(slot)" } ?? "\(prefix)/\(slot)"
            func zeros(_ index: Int) throws -> Tensor { try Tensor(zeros: variables[index].shape) }
            func integer(_ value: Int) throws -> Tensor { try Tensor([Int64(value)], shape: []) }
            switch entry {
            case .iteration: return (name, try integer(state.iterations))
            case .learningRate: return (name, try Tensor([Float(state.learningRate ?? optimizer.learningRate)], shape: []))
            case .average(let index): return (name, try state.averages?[index] ?? zeros(index))
            case .gathered(let index): return (name, try state.gathered?[index] ?? zeros(index))
            case .slot(let slot, let index): return (name, state.slots[index][slot])
            case .shared(let index):
                return ("\(prefix)/variable\(index == 0 ? "" : "_\(index)")", try Tensor([state.shared[index]], shape: []))
            case .unused(let index): return (name, try zeros(index))
            case .unusedNumber: return (name, try Tensor(zeros: [1]))
            case .outerIteration: return (slot, try integer(0))
            case .outerLearningRate: return (slot, try Tensor([Float(0)], shape: []))
            case .stepCounter: return ("loss_scale_optimizer/\(slot)", try integer(state.lossScale?.steps ?? 0))
            case .dynamicScale:
                let scale = state.lossScale?.scale ?? Float(optimizer.lossScale?.initial ?? 1)
                return ("loss_scale_optimizer/\(slot)", try Tensor([scale], shape: []))
            }
        }
    }
}

extension TrainingConfiguration {
    /// Whose equations its optimizer follows.
    var rules: OptimizerRules {
        switch dialect {
        case .keras3: .current
        case .keras2: .keras2
        case .tfKeras: LossScale.inner(of: optimizer)["config"]?["is_legacy_optimizer"] == .bool(false) ? .current : .legacy
        }
    }

    /// The layout its own generation has now; nil if what the algorithm keeps is not known.
    func layout(of optimizer: Optimizer, _ weights: [OptimizerLayout.Variable]) -> OptimizerLayout? {
        OptimizerLayout.all(optimizer, weights, dialect: dialect, rules: rules).first
    }

    /// What its optimizer has kept; nil if the file holds nothing of it, or something that does not fit these weights.
    package func state(of optimizer: Optimizer, in model: BuiltModel) throws -> OptimizerState? {
        guard let found = try fitting(optimizer, model) else { return nil }
        var state = found.state
        state.slots = found.weights.map { state.slots[$0] }
        state.averages = state.averages.map { averages in found.weights.map { averages[$0] } }
        state.gathered = state.gathered.map { gathered in found.weights.map { gathered[$0] } }
        return state
    }

    /// Whether the file's variables are those of this optimizer.
    func fits(_ optimizer: Optimizer, _ model: BuiltModel) throws -> Bool { try layout(fitting: optimizer, model) != nil }

    /// The layout that they have.
    func layout(fitting optimizer: Optimizer, _ model: BuiltModel) throws -> OptimizerLayout? {
        try unbuilt(optimizer) ?? fitting(optimizer, model)?.layout
    }

    /// That of an optimizer that was not built yet, if it is such a one's: Keras 3 saves these too, without slots.
    private func unbuilt(_ optimizer: Optimizer) -> OptimizerLayout? {
        guard dialect == .keras3, let layout = layout(of: optimizer, []), layout.entries.count == optimizerVariables.count else {
            return nil
        }
        return layout
    }

    /// The same by weight and slot, for people: each variable by what it is.
    package func namedState(of optimizer: Optimizer, in model: BuiltModel) throws -> [NamedOptimizerVariable]? {
        let weights = model.trainedWeights
        let found =
            try unbuilt(optimizer).map { (layout: $0, weights: [Int]()) } ?? fitting(optimizer, model).map { ($0.layout, $0.weights) }
        guard let (layout, places) = found else { return nil }
        return zip(layout.entries, optimizerVariables).map { entry, stored in
            let (slot, variable) = layout.meaning(entry)
            let weight = variable.flatMap { places.firstIndex(of: $0) }.map { weights[$0].name }
            return NamedOptimizerVariable(weight: weight, slot: slot, stored: stored.name, tensor: stored.tensor)
        }
    }

    /// The layout that the file's variables fit, and for each weight of the model which of the file's it is: a layer that was shared when the
    /// file was written counts once there (``WeightTree/copies``).
    private func fitting(_ optimizer: Optimizer, _ model: BuiltModel) throws
        -> (layout: OptimizerLayout, state: OptimizerState, weights: [Int])?
    {
        guard !optimizerVariables.isEmpty else { return nil }
        let weights = model.trainedWeights
        for places in [Array(weights.indices), model.trainedOriginals] {
            var own: [OptimizerLayout.Variable] = []
            for (weight, place) in zip(weights, places) where place == own.count { own.append(weight) }
            for layout in OptimizerLayout.all(optimizer, own, dialect: dialect, rules: rules) {
                if let state = try layout.read(optimizerVariables.map(\.tensor)) { return (layout, state, places) }
            }
        }
        return nil
    }

    /// The same variables as the files of another Keras, or of another kind, hold them.
    ///
    /// - Parameter optimizer: the same one in that Keras's words.
    /// - Returns: nil where that Keras keeps something else, and where what there is does not fit the weights.
    package func variables(asIn target: Dialect, _ optimizer: JSON, of model: BuiltModel) throws -> [(name: String, tensor: Tensor)]? {
        let own = try self.optimizer(for: model)
        var other = TrainingConfiguration(dialect: target, optimizer: optimizer)
        let theirs = try other.optimizer(for: model)
        // Numbers for all weights together follow each generation's own schedule.
        guard own.algorithm.slots == theirs.algorithm.slots, own.algorithm.sharedState.isEmpty || rules == other.rules && dialect == target,
            let state = try state(of: own, in: model)
        else { return nil }
        try other.set(state, of: theirs, weights: model.trainedWeights)
        return other.optimizerVariables
    }

    /// Puts it in place of what the file held, under the same names if there are as many.
    ///
    /// - Parameter weights: those that train: names and shapes in the model's order.
    package mutating func set(_ state: OptimizerState, of optimizer: Optimizer, weights: [(name: String, shape: Shape)]) throws {
        let prefix = LossScale.inner(of: self.optimizer)["config"]?["name"]?.string ?? optimizer.algorithm.names.function
        let written = try layout(of: optimizer, weights)?.write(state, prefix: prefix) ?? []
        let names = optimizerVariables.map(\.name)
        // Keras 3 before 3.10 called several by one name, and had the last alone in its file.
        let isKept = names.count == written.count && Set(names).count == names.count
        optimizerVariables = written.enumerated().map { (isKept ? names[$0] : $1.name, $1.tensor) }
        hasGoneOn = true
    }
}
