import KerasModel
import Tensors

/// An optimizer at work: what it keeps from step to step, and what it does round each step of its algorithm.
///
/// Each number of a variable is moved by itself, so that threads share the numbers out and the bits are the same for any number of them.
package final class OptimizerRun: @unchecked Sendable {
    // Sound to share: one step runs at a time, and its parts write what is their own.
    package private(set) var optimizer: Optimizer
    /// Steps done. Keras: `iterations`.
    package private(set) var iterations = 0
    /// For each variable what the algorithm keeps, as it lists it.
    package let slots: [[Tensor]]
    /// For all variables together.
    package private(set) var shared: [Float]
    /// The running mean of each variable, if one is kept.
    package let averages: [Tensor]?
    /// The sums of the gradients that wait, if they are gathered over several steps.
    package let gathered: [Tensor]?
    /// Where the loss is scaled.
    private var scaling: LossScaling?
    /// Steps that were skipped since this run began.
    package private(set) var skipped = 0
    private let variables: [Tensor]
    private let gradients: [Tensor]
    private let arithmetic: any OptimizerArithmetic
    private let kernels: FloatKernels
    /// What threads take: runs of one variable's numbers.
    private let runs: [Run]
    // Of the step that is being made.
    private var step = OptimizerStep(learningRate: 0, number: 1)
    private var scales: [Float?]

    private struct Run {
        let variable: Int
        let range: Range<Int>
        static let length = 1 << 14
    }

    /// - Parameters:
    ///   - variables: float32, in memory of their own, which steps change in place.
    ///   - gradients: float32, of the same shapes, of the loss times ``lossScale``; steps use them up.
    /// - Throws: `unsupported` if only the description of the algorithm is known.
    package init(_ optimizer: Optimizer, variables: [Tensor], gradients: [Tensor], options: RuntimeOptions = RuntimeOptions()) throws {
        guard let arithmetic = optimizer.algorithm as? any OptimizerArithmetic else {
            throw KerasError(
                .unsupported, "this version does not train with this optimizer", found: optimizer.algorithm.names.className)
        }
        self.optimizer = optimizer
        self.arithmetic = arithmetic
        (self.variables, self.gradients) = (variables, gradients)
        kernels = try Float.kernels(options)
        shared = optimizer.algorithm.sharedState.map { Float($0) }
        slots = try variables.map { variable in
            try optimizer.algorithm.slots.map { slot in
                try Tensor(shape: variable.shape, as: Float.self) { $0.update(repeating: Float(slot.initialValue)) }
            }
        }
        scaling = optimizer.lossScale.map(LossScaling.init)
        averages = optimizer.average == nil ? nil : try variables.map { try Tensor(zeros: $0.shape) }
        gathered = optimizer.gradientAccumulationSteps == nil ? nil : try variables.map { try Tensor(zeros: $0.shape) }
        scales = variables.map { _ in nil }
        runs = variables.enumerated().flatMap { index, variable in
            stride(from: 0, to: variable.count, by: Run.length).map {
                Run(variable: index, range: $0..<min($0 + Run.length, variable.count))
            }
        }
    }

    /// Goes on from where another run, or another program, was.
    ///
    /// - Throws: a `mismatch` problem if the numbers do not fit the variables.
    package func resume(_ state: OptimizerState) throws {
        try OptimizerRun.copy(state.slots.flatMap { $0 }, into: slots.flatMap { $0 })
        if let known = state.averages, let averages { try OptimizerRun.copy(known, into: averages) }
        if let known = state.gathered, let gathered { try OptimizerRun.copy(known, into: gathered) }
        if state.shared.count == shared.count { shared = state.shared }
        if let scale = state.lossScale { scaling?.resume(scale) }
        iterations = state.iterations
    }

    /// Where it is, in memory that no step changes.
    package func state() throws -> OptimizerState {
        OptimizerState(
            iterations: iterations, slots: try slots.map { try $0.map { try $0.copied() } }, shared: shared,
            averages: try averages?.map { try $0.copied() }, gathered: try gathered?.map { try $0.copied() }, lossScale: scaling?.state)
    }

    private static func copy(_ sources: [Tensor], into targets: [Tensor]) throws {
        guard sources.map(\.shape) == targets.map(\.shape) else {
            throw KerasError(
                .mismatch, "an optimizer's state does not fit the model's weights", found: "\(sources.map(\.shape))",
                expected: "\(targets.map(\.shape))")
        }
        for (source, target) in zip(sources, targets) {
            let source = try source.converted(to: .float32)
            target.mutableAddress.copyMemory(from: source.address, byteCount: target.byteCount)
        }
    }

    /// By a step: variables, gradients and slots, read, and all but the gradients written.
    var bytesMoved: Int {
        let numbers = variables.reduce(0) { $0 + $1.count }
        return 4 * numbers * (3 + 2 * (slots.first?.count ?? 0))
    }

    /// The rate of the next step.
    package var learningRate: Float { optimizer.rate(at: iterations) }

    /// A rate from the next step on, in place of the one there is, a schedule's too.
    package func set(learningRate: Double) {
        optimizer.learningRate = learningRate
        optimizer.schedule = nil
    }

    /// What the loss is to be multiplied with before its gradients are taken; nil if it is taken as it is.
    package var lossScale: Float? { scaling?.state.scale }

    /// One step: clip, decay, move, average, in Keras's order.
    ///
    /// - Returns: false if it was skipped, since a gradient of the scaled loss is no finite number.
    @discardableResult package func step(threads: Int = 1) -> Bool {
        if scaling?.unscale(gradients) == false {
            skipped += 1
            if scaling?.countsSkippedSteps == true { iterations += 1 }
            return false
        }
        if let gathered, let count = optimizer.gradientAccumulationSteps {
            let isLast = (iterations + 1) % count == 0
            WorkerPool.shared.run(runs.count, threads: threads) { task, _ in
                self.gather(self.runs[task], gathered, dividing: isLast ? Float(count) : nil)
            }
            guard isLast else {
                iterations += 1
                return true
            }
        }
        step = OptimizerStep(learningRate: learningRate, number: updates + 1)
        measure()
        arithmetic.begin(step, &shared)
        if iterations == 0, optimizer.average?.countsFirstWeights == true, let averages {
            for (average, variable) in zip(averages, variables) {
                average.mutableAddress.copyMemory(from: variable.address, byteCount: variable.byteCount)
            }
        }
        WorkerPool.shared.run(runs.count, threads: threads, self)
        iterations += 1
        return true
    }

    /// Times that weights were moved. A schedule's rate hangs on all steps, what else counts on these.
    private var updates: Int { iterations / (optimizer.gradientAccumulationSteps ?? 1) }

    // MARK: Gathering

    /// Adds a step's gradients to those that wait, or those to the last step's, which become the mean of all.
    private func gather(_ run: Run, _ gathered: [Tensor], dividing count: Float?) {
        let (sum, gradient) = (numbers(gathered[run.variable], run), numbers(gradients[run.variable], run))
        if let count {
            for i in 0..<run.range.count { gradient[i] = (gradient[i] + sum[i]) / count }
            sum.update(repeating: 0, count: run.range.count)
        } else {
            for i in 0..<run.range.count { sum[i] += gradient[i] }
            average(run, numbers(variables[run.variable], run))
        }
    }

    // MARK: Clipping by norms

    /// How gradients are to be scaled.
    private func measure() {
        switch optimizer.clipping {
        case nil, .value: return
        case .norm(let limit):
            for index in gradients.indices { scales[index] = scale(OptimizerRun.norm(gradients[index...index]), Float(limit)) }
        case .globalNorm(let limit):
            let common = scale(OptimizerRun.norm(gradients[...]), Float(limit))
            for index in gradients.indices { scales[index] = common }
        }
    }

    private func scale(_ norm: Float, _ limit: Float) -> Float? { norm > limit ? norm : nil }

    private static func norm(_ gradients: ArraySlice<Tensor>) -> Float {
        Float(
            gradients.reduce(0.0) { sum, gradient in
                gradient.withScalars(as: Float.self) { $0.reduce(sum) { $0 + Double($1) * Double($1) } }
            }.squareRoot())
    }

    // MARK: The numbers of a run

    private func numbers(_ tensor: Tensor, _ run: Run) -> UnsafeMutablePointer<Float> {
        tensor.mutableAddress.assumingMemoryBound(to: Float.self) + run.range.lowerBound
    }

    fileprivate func update(_ index: Int) {
        let run = runs[index]
        let (w, g, count) = (numbers(variables[run.variable], run), numbers(gradients[run.variable], run), run.range.count)
        switch optimizer.clipping {
        case nil: break
        case .value(let limit):
            let limit = Float(limit)
            for i in 0..<count { g[i] = g[i].clipped(-limit, limit) }
        case .norm(let limit), .globalNorm(let limit):
            if let norm = scales[run.variable] {
                let limit = Float(limit)
                for i in 0..<count { g[i] = g[i] * limit / norm }
            }
        }
        if let decay = optimizer.weightDecay {
            let (decay, rate) = (Float(decay), step.learningRate)
            for i in 0..<count { w[i] -= w[i] * decay * rate }
        }
        let slots = slots[run.variable].map { numbers($0, run) }
        arithmetic.update(VariableUpdate(variable: w, gradient: g, slots: slots, count: count, kernels: kernels), step, shared)
        average(run, w)
    }

    private func average(_ run: Run, _ w: UnsafeMutablePointer<Float>) {
        guard let settings = optimizer.average, let averages else { return }
        let momentum: Float = updates == 0 && !settings.countsFirstWeights ? 0 : Float(settings.momentum)
        let mean = numbers(averages[run.variable], run)
        for i in 0..<run.range.count { mean[i] = momentum * mean[i] + (1 - momentum) * w[i] }
        guard settings.overwriteFrequency.map({ (updates + 1) % $0 == 0 }) ?? false else { return }
        for i in 0..<run.range.count { w[i] = mean[i] }
    }
}

extension OptimizerRun: PoolWork {
    func perform(_ task: Int, slot: Int) { update(task) }
}
