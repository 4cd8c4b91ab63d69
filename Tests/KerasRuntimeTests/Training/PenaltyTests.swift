import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What real Keras made of a weight: `Fixtures/make/penalties.py`.
struct PenaltyCase: Sendable, CustomTestStringConvertible {
    let json: JSON
    var className: String { (json["regularizer"] ?? json["constraint"])?.string ?? "" }
    var config: JSONObject { json["settings"]?.object ?? [:] }
    var shape: Shape { Shape((json["shape"]?.array ?? []).compactMap(\.integer)) }
    var testDescription: String { "\(json["rules"]?.string ?? ""): \(className) \(JSON.object(config).serialized()) of \(shape)" }

    func numbers(_ key: String) -> [Double] { (json[key]?.array ?? []).map { $0.number ?? .nan } }

    static let all: [PenaltyCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/penalties_k315_tfk221.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return []
        }
        return (json.array ?? []).map { PenaltyCase(json: $0) }
    }()
    static let regularizers = all.filter { $0.json["regularizer"] != nil }
    static let constraints = all.filter { $0.json["constraint"] != nil }
}

@Suite struct PenaltyTests {
    @Test(arguments: PenaltyCase.regularizers) func everyRegularizerAndItsGradient(_ test: PenaltyCase) throws {
        let tape = Tape(OpGraph())
        let weight = tape.input(shape: test.shape, dtype: .float32)
        let value = try Regularizer(className: test.className, config: test.config).formula(weight)
        var graph = tape.graph
        let one = graph.constant(try Tensor([Float(1)], shape: []))
        let gradient = try graph.addGradients(of: value.value.id, seed: one.id, for: [weight.value.id])[0]
        graph.outputs = [value.value.id] + (gradient.map { [$0] } ?? [])
        let executable = try Executable(
            graph: graph, weights: { _ in throw KerasError(.mismatch, "") }, options: RuntimeOptions(threads: 1))
        let found = try executable.run([try Tensor(test.numbers("weight").map { Float($0) }, shape: test.shape)])
        let expected = test.numbers("gradient")
        #expect(isNear(try found[0].scalars(as: Double.self)[0], test.json["value"]?.number ?? .nan))
        guard found.count > 1 else { return #expect(expected.allSatisfy { $0 == 0 }) }
        let scale = expected.reduce(0) { max($0, abs($1)) }
        let worst = zip(try found[1].scalars(as: Double.self), expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst <= 1e-6 * scale, "off by \(worst) of \(scale)")
    }

    @Test(arguments: PenaltyCase.constraints) func everyConstraint(_ test: PenaltyCase) throws {
        var numbers = test.numbers("weight").map { Float($0) }
        try ConstraintRun(Constraint(className: test.className, config: test.config), shape: test.shape).apply(to: &numbers)
        let expected = test.numbers("result")
        #expect(numbers.count == expected.count && zip(numbers, expected).allSatisfy { isNear(Double($0), $1) }, "\(numbers)")
    }

    @Test func everyOneIsThere() {
        #expect(Set(PenaltyCase.regularizers.map(\.className)) == Set(Regularizer.aliases.values))
        #expect(Set(PenaltyCase.constraints.map(\.className)) == Set(Constraint.aliases.values).union(["RadialConstraint"]))
    }

    @Test func whatDoesNotFitIsRefused() throws {
        for (constraint, shape, kind) in [
            (Constraint.maxNorm(axis: 2), [3, 3], .mismatch), (Constraint(className: "RadialConstraint", config: [:]), [3, 3], .mismatch),
            (Constraint(className: "Mine", config: [:]), [3], .unsupported),
        ] as [(Constraint, Shape, Problem.Kind)] {
            let error = #expect(throws: KerasError.self) { try ConstraintRun(constraint, shape: shape) }
            #expect(error?.problems.first?.kind == kind)
        }
    }

    /// What the layers were told reaches the weights.
    @Test func weightsKnowTheirConstraints() throws {
        var dense = Dense(2, name: "out").inputShape(3)
        (dense.kernelConstraint, dense.biasConstraint) = (.maxNorm(1), .nonNeg)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense])))
        #expect(model.ownWeights(of: dense).map(\.1.constraint) == [.maxNorm(1), .nonNeg])
    }
}
