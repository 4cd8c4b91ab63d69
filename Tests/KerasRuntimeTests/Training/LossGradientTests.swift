import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// A loss on a batch, and what real Keras gave back to the outputs: `Fixtures/make/loss_gradients.py`.
struct LossGradientCase: Sendable, CustomTestStringConvertible {
    let json: JSON
    let batch: JSON
    var dialect: Dialect { json["rules"] == "keras3" ? .keras3 : .tfKeras }
    var className: String { json["loss"]?.string ?? "" }
    var testDescription: String {
        let (settings, batch, activation) = (json["settings"] ?? .null, json["batch"]?.string ?? "", json["activation"]?.string ?? "")
        return "\(dialect.rawValue): \(className) \(settings.serialized()) of \(activation) \(batch)\(weights == nil ? "" : ", weighted")"
    }

    static let all: [LossGradientCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/loss_gradients_k315_tfk221.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return []
        }
        return (json["cases"]?.array ?? []).map { LossGradientCase(json: $0, batch: json["batches"]?[$0["batch"]?.string ?? ""] ?? .null) }
    }()

    private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).map { $0.number ?? .nan } }
    private func tensor(_ key: String) throws -> Tensor {
        try Tensor(numbers(batch[key]), shape: Shape((batch[key + "_shape"]?.array ?? []).compactMap(\.integer)))
    }

    var weights: [Double]? { json["weights"].map { numbers($0) } }
    var gradient: [Double] { numbers(json["gradient"]) }
    var value: Double { json["value"]?.number ?? .nan }

    func loss() throws -> Loss {
        try Loss(
            config: ["class_name": json["loss"] ?? .null, "config": json["settings"] ?? .null],
            in: DecodingContext(dialect: dialect, registry: .keras))
    }

    /// The loss as a graph of its outputs, or of what they are the softmax or sigmoid of: the value, then the gradient.
    func graph(_ dtype: DType) throws -> (graph: OpGraph, inputs: [Tensor]) {
        var graph = OpGraph()
        let given = try tensor("p").converted(to: dtype)
        let x = graph.input(shape: given.shape, dtype: dtype)
        var shown = x
        switch json["activation"]?.string {
        case "softmax": shown = try graph.emit(.softmax(axis: x.rank - 1), [x], layer: "")
        case "sigmoid": shown = try graph.emit(.unary(.sigmoid), [x], layer: "")
        default: break
        }
        // In double precision too, though Keras looks behind float32 alone.
        let logits = shown.id == x.id ? nil : x
        let y = graph.constant(try tensor("y").converted(to: dtype))
        let w = try weights.map { graph.constant(try Tensor($0).converted(to: dtype)) }
        let tape = Tape(graph)
        func term(_ value: Value) -> Term { Term(value: value, tape: tape) }
        let terms = OutputTerms(target: term(y), output: term(shown), logits: logits.map(term))
        let value = try loss().batch(terms, weights: w.map(term), weighting: .overAll).loss.value
        graph = tape.graph
        let one = graph.constant(try Tensor([1.0], shape: []).converted(to: dtype))
        let gradient = try graph.addGradients(of: value.id, seed: one.id, for: [x.id])[0]
        graph.outputs = [value.id, try #require(gradient)]
        return (graph, [given])
    }
}

@Suite struct LossGradientTests {
    private func run(_ graph: OpGraph, _ inputs: [Tensor], _ options: RuntimeOptions = RuntimeOptions(threads: 1)) throws -> [[Double]] {
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        return try executable.run(inputs).map { try $0.scalars(as: Double.self) }
    }

    @Test(arguments: LossGradientCase.all) func everyLossAgainstKeras(_ test: LossGradientCase) throws {
        let (graph, inputs) = try test.graph(.float32)
        for options in [RuntimeOptions(threads: 1), RuntimeOptions(threads: 1, reference: true)] {
            let found = try run(graph, inputs, options)
            #expect(isNear(found[0][0], test.value, 3e-6), "\(found[0][0]), not \(test.value)")
            let scale = test.gradient.reduce(0) { max($0, abs($1)) }
            let worst = zip(found[1], test.gradient).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(found[1].count == test.gradient.count && worst <= 1e-5 * scale, "off by \(worst) of \(scale)")
        }
    }

    /// Along a direction the loss must change as the gradient says.
    @Test(arguments: LossGradientCase.all) func everyLossAgainstDifferences(_ test: LossGradientCase) throws {
        let (graph, inputs) = try test.graph(.float64)
        let x = try inputs[0].scalars(as: Double.self)
        let gradient = try run(graph, inputs)[1]
        var chance = Chance(5)
        // What is certain lies where it is clipped: a kink.
        let direction = zip(x, chance.grid([x.count]).values).map { $0 == 0 || $0 == 1 ? 0 : $1 }
        let h = 1e-7
        let sides = try [h, -h].map { h in
            try run(graph, [try Tensor(zip(x, direction).map { $0 + h * $1 }, shape: inputs[0].shape)])[0][0]
        }
        let (slope, expected) = ((sides[0] - sides[1]) / (2 * h), zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 })
        let scale = zip(gradient, direction).reduce(abs(sides[0])) { $0 + abs($1.0 * $1.1) }
        #expect(abs(slope - expected) <= 1e-6 * scale, "\(expected), by differences \(slope)")
    }

    @Test func everyLossOfTheListIsThere() {
        for dialect in [Dialect.keras3, .tfKeras] {
            let tested = Set(LossGradientCase.all.filter { $0.dialect == dialect }.map(\.className))
            #expect(tested == Set(knownLosses.filter { $0.names.dialects.contains(dialect) }.map { $0.names.className }))
        }
    }

    @Test func whatIsNoClassIsRefused() throws {
        for (loss, target, output) in [
            (Loss.sparseCategoricalCrossentropy, try Tensor([0.0, 3]), [2, 3] as Shape),
            (.ctc, try Tensor([1.0, 4], shape: [1, 2]), [1, 5, 4]),
        ] {
            let batch = OutputBatch(output: try Tensor(zeros: output), logits: nil, target: target)
            let spec = try EvaluationSpec(outputNames: ["out"], losses: [loss])
            let error = #expect(throws: KerasError.self) { try spec.loss(of: batch) }
            #expect(error?.problems.first?.kind == .mismatch)
        }
    }
}
