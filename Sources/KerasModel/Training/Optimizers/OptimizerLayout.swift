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
    package enum Entry: Hashable, Sendable {
        /// Steps done.
        case iteration
        case learningRate
        case average(variable: Int)
        case slot(Int, variable: Int)
        /// One of the numbers for all variables together.
        case shared(Int)
        /// What this generation keeps of a variable though its algorithm has no use for it: zeros.
        case unused(variable: Int)
        /// The same where a number stands for the variable.
        case unusedNumber(variable: Int)
    }

    package let entries: [Entry]

    /// - Parameter dialect: whose file.
    package init(_ optimizer: Optimizer, variables: Int, dialect: Dialect, rules: OptimizerRules) {
        self = OptimizerLayout.candidates(optimizer, variables: variables, dialect: dialect, rules: rules)[0]
    }

    /// The layouts of files with so many variables, the latest first.
    static func all(_ optimizer: Optimizer, variables: Int, dialect: Dialect, rules: OptimizerRules, count: Int) -> [OptimizerLayout] {
        candidates(optimizer, variables: variables, dialect: dialect, rules: rules).filter { $0.entries.count == count }
    }

    private init(_ entries: [Entry]) { self.entries = entries }

    /// What a generation's versions wrote, the latest first.
    private static func candidates(_ optimizer: Optimizer, variables: Int, dialect: Dialect, rules: OptimizerRules) -> [OptimizerLayout] {
        let algorithm = optimizer.algorithm
        let count = algorithm.slots.count
        let averages = optimizer.average == nil ? [] : (0..<variables).map { Entry.average(variable: $0) }
        // Slots in one group stand together for each variable.
        func groups(_ groups: [[Int]]) -> [Entry] {
            groups.flatMap { group in (0..<variables).flatMap { variable in group.map { .slot($0, variable: variable) } } }
        }
        let apart = groups((0..<count).map { [$0] })
        let shared = algorithm.sharedState.indices.map { Entry.shared($0) }
        switch (dialect, rules) {
        // A schedule's rate is no variable.
        case (.keras3, _):
            let first = [.iteration] + (optimizer.schedule == nil ? [Entry.learningRate] : [])
            let slots = averages + groups(algorithm.slotGroups)
            // What is shared stood first before Keras 3.10.
            return [OptimizerLayout(first + slots + shared), OptimizerLayout(first + shared + slots)]
        case (.tfKeras, .current):
            // Momenta are kept even where there is no momentum; the product of Nadam's is not.
            let own = count == 0 ? (0..<variables).map { Entry.unused(variable: $0) } : groups(algorithm.slotGroups)
            return [OptimizerLayout([.iteration] + averages + own)]
        case (.tfKeras, _):
            return [OptimizerLayout([.iteration] + shared + (algorithm.isInterleavedEverywhere ? groups([Array(0..<count)]) : apart))]
        case (.keras2, _):
            let momenta = count == 0 ? (0..<variables).map { Entry.unused(variable: $0) } : apart
            // Adam keeps a number in place of what AMSGrad would keep.
            let placeholders = algorithm is Adam && count == 2 ? (0..<variables).map { Entry.unusedNumber(variable: $0) } : []
            return [
                [.iteration] + shared + momenta + placeholders, [.iteration] + momenta + placeholders, [.iteration] + momenta, momenta,
            ].map(OptimizerLayout.init)
        }
    }
}

extension OptimizerLayout {
    /// What a file holds, put where it belongs.
    ///
    /// - Parameters:
    ///   - shapes: of the variables.
    /// - Returns: nil if the numbers do not fit the variables.
    package func read(_ tensors: [Tensor], _ optimizer: Optimizer, shapes: [Shape]) throws -> OptimizerState? {
        var slots = shapes.map { shape in optimizer.algorithm.slots.map { _ in shape } }.map { $0.map { _ in nil as Tensor? } }
        var averages = [Tensor?](repeating: nil, count: shapes.count)
        var shared = optimizer.algorithm.sharedState.map { Float($0) }
        var (iterations, rate) = (0, nil as Double?)
        for (entry, tensor) in zip(entries, tensors) {
            switch entry {
            case .iteration: iterations = Int(try tensor.scalars(as: Double.self).first ?? 0)
            case .learningRate: rate = try tensor.scalars(as: Double.self).first
            case .average(let variable) where tensor.shape == shapes[variable]: averages[variable] = tensor
            case .slot(let slot, let variable) where tensor.shape == shapes[variable]: slots[variable][slot] = tensor
            case .shared(let index): shared[index] = try tensor.scalars(as: Float.self).first ?? shared[index]
            case .unused, .unusedNumber: continue
            default: return nil
            }
        }
        let known = averages.compactMap { $0 }
        return OptimizerState(
            iterations: iterations, learningRate: rate, slots: slots.map { $0.compactMap { $0 } }, shared: shared,
            averages: known.count == shapes.count ? known : nil)
    }

    /// The same as a file has it.
    ///
    /// - Parameters:
    ///   - names: of the variables, for those of what is kept.
    ///   - prefix: the optimizer's name.
    package func write(_ state: OptimizerState, _ optimizer: Optimizer, shapes: [Shape], names: [String], prefix: String) throws
        -> [(name: String, tensor: Tensor)]
    {
        try entries.map { entry in
            switch entry {
            case .iteration: ("\(prefix)/iteration", try Tensor([Int64(state.iterations)], shape: []))
            case .learningRate: ("\(prefix)/learning_rate", try Tensor([Float(state.learningRate ?? optimizer.learningRate)], shape: []))
            case .average(let index): ("\(prefix)/\(names[index])_average", try state.averages?[index] ?? Tensor(zeros: shapes[index]))
            case .slot(let slot, let index):
                ("\(prefix)/\(names[index])_\(optimizer.algorithm.slots[slot].name)", state.slots[index][slot])
            case .shared(let index): ("\(prefix)/variable\(index == 0 ? "" : "_\(index)")", try Tensor([state.shared[index]], shape: []))
            case .unused(let index): ("\(prefix)/\(names[index])_momentum", try Tensor(zeros: shapes[index]))
            case .unusedNumber(let index): ("\(prefix)/\(names[index])_unused", try Tensor(zeros: [1]))
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
        case .tfKeras: optimizer["config"]?["is_legacy_optimizer"] == .bool(false) ? .current : .legacy
        }
    }

    /// What its optimizer has kept; nil if the file holds nothing of it, or something that does not fit these weights.
    package func state(of optimizer: Optimizer, in model: BuiltModel) throws -> OptimizerState? {
        guard let found = try fitting(optimizer, model) else { return nil }
        var state = found.state
        state.slots = found.weights.map { state.slots[$0] }
        state.averages = state.averages.map { averages in found.weights.map { averages[$0] } }
        return state
    }

    /// The same by weight and slot, for people: each variable by what it is.
    package func namedState(of optimizer: Optimizer, in model: BuiltModel) throws -> [NamedOptimizerVariable]? {
        let weights = model.trainedWeights
        if let named = unevenState(of: optimizer, weights) { return named }
        // Keras 3 saves an optimizer that it has not built yet, too: without slots.
        let unbuilt = OptimizerLayout(optimizer, variables: 0, dialect: dialect, rules: rules)
        let isUnbuilt = dialect == .keras3 && optimizerVariables.count == unbuilt.entries.count
        guard let found = isUnbuilt ? (unbuilt, weights.indices.map { $0 }) : try fitting(optimizer, model).map({ ($0.layout, $0.weights) })
        else { return nil }
        return zip(found.0.entries, optimizerVariables).map { entry, stored in
            func named(_ slot: String, _ place: Int? = nil) -> NamedOptimizerVariable {
                let weight = place.flatMap { found.1.firstIndex(of: $0) }.map { weights[$0].name }
                return NamedOptimizerVariable(weight: weight, slot: slot, stored: stored.name, tensor: stored.tensor)
            }
            return switch entry {
            case .iteration: named("iteration")
            case .learningRate: named("learning_rate")
            case .average(let weight): named("average", weight)
            case .slot(let slot, let weight): named(optimizer.algorithm.slots[slot].name, weight)
            case .shared(let index): named(optimizer.algorithm.sharedNames[index])
            case .unused(let weight): named("momentum", weight)
            case .unusedNumber(let weight): named("velocity_hat", weight)
            }
        }
    }

    /// The same for algorithms that keep of each variable what hangs on it. Only Keras 3 has such.
    private func unevenState(of optimizer: Optimizer, _ weights: [(name: String, shape: Shape)]) -> [NamedOptimizerVariable]? {
        let kept = weights.map { weight in optimizer.algorithm.kept(of: weight.shape, path: weight.name).map { (weight.name, $0) } }
        guard dialect == .keras3, !kept.isEmpty, kept.allSatisfy({ $0 != nil }) else { return nil }
        let rate = optimizer.schedule == nil ? ["learning_rate"] : []
        let averages = optimizer.average == nil ? [] : weights.map { (weight: $0.name as String?, slot: "average", shape: $0.shape) }
        let own = kept.compactMap { $0 }.flatMap { name, slots in slots.map { (weight: name as String?, slot: $0.name, shape: $0.shape) } }
        let expected = (["iteration"] + rate).map { (weight: nil as String?, slot: $0, shape: Shape([])) } + averages + own
        guard expected.map(\.shape) == optimizerVariables.map(\.tensor.shape) else { return nil }
        return zip(expected, optimizerVariables).map { expected, stored in
            NamedOptimizerVariable(weight: expected.weight, slot: expected.slot, stored: stored.name, tensor: stored.tensor)
        }
    }

    /// The layout that the file's variables fit, and for each weight of the model which of the file's it is: a layer that was shared when the
    /// file was written counts once there (``WeightTree/copies``).
    private func fitting(_ optimizer: Optimizer, _ model: BuiltModel) throws
        -> (layout: OptimizerLayout, state: OptimizerState, weights: [Int])?
    {
        let (shapes, count) = (model.trainedWeights.map(\.shape), optimizerVariables.count)
        guard count > 0 else { return nil }
        for places in [Array(shapes.indices), model.trainedOriginals] {
            var own: [Shape] = []
            for (shape, place) in zip(shapes, places) where place == own.count { own.append(shape) }
            for layout in OptimizerLayout.all(optimizer, variables: own.count, dialect: dialect, rules: rules, count: count) {
                if let state = try layout.read(optimizerVariables.map(\.tensor), optimizer, shapes: own) { return (layout, state, places) }
            }
        }
        return nil
    }

    /// The same variables as the files of another Keras, or of another kind, hold them.
    ///
    /// - Parameter optimizer: the same one in that Keras's words.
    /// - Returns: nil where that Keras keeps something else, and where what there is does not fit the weights.
    package func variables(asIn target: Dialect, _ optimizer: JSON, of model: BuiltModel) throws -> [(name: String, tensor: Tensor)]? {
        let own = try Optimizer(config: self.optimizer, in: DecodingContext(dialect: dialect, registry: .keras))
        var other = TrainingConfiguration(dialect: target, optimizer: optimizer)
        let theirs = try Optimizer(config: optimizer, in: DecodingContext(dialect: target, registry: .keras))
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
        let layout = OptimizerLayout(optimizer, variables: weights.count, dialect: dialect, rules: rules)
        let prefix = self.optimizer["config"]?["name"]?.string ?? optimizer.algorithm.names.function
        let written = try layout.write(state, optimizer, shapes: weights.map(\.shape), names: weights.map(\.name), prefix: prefix)
        let names = optimizerVariables.map(\.name)
        optimizerVariables = written.enumerated().map { (names.count == written.count ? names[$0] : $1.name, $1.tensor) }
    }
}
