import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What real Keras said: `Fixtures/make/losses.py`.
struct LossFixture: Sendable {
    static let shared: JSON = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "Fixtures/training/losses.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return .null
        }
        return json
    }()

    static func tensor(_ json: JSON?) throws -> Tensor {
        let values = try #require(json?["values"]?.array).map { $0.number ?? .nan }
        let shape = Shape(try #require(json?["shape"]?.array).compactMap(\.integer))
        let dtype = try #require(json?["dtype"]?.string.flatMap(DType.init(name:)))
        return try Tensor(values, shape: shape).converted(to: dtype)
    }

    static func batch(_ name: String) throws -> OutputBatch {
        let batch = shared["batches"]?[name]
        return OutputBatch(output: try tensor(batch?["y_pred"]), logits: nil, target: try tensor(batch?["y_true"]))
    }

    static func sampleWeights() throws -> Tensor {
        try Tensor(try #require(shared["sample_weights"]?.array).map { $0.number ?? .nan })
    }
}

/// A loss or metric, what Keras makes of it, and where.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let dialect: Dialect
    let json: JSON
    var testDescription: String {
        "\(dialect.rawValue): \((json["loss"] ?? json["metric"] ?? .null).serialized()) of \(json["batch"]?.string ?? "")"
    }

    static func all(_ key: String) -> [GoldenCase] {
        [Dialect.keras3, .tfKeras].flatMap { dialect in
            (LossFixture.shared[dialect.rawValue]?[key]?.array ?? []).map { GoldenCase(dialect: dialect, json: $0) }
        }
    }
}

func isNear(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(value - expected) <= tolerance * (abs(expected) + 0.1)
}

extension EvaluationSpec {
    /// What the first output's loss and metrics make of a batch.
    private func figures(_ batch: OutputBatch, _ weights: Tensor?) throws -> BatchFigures {
        var batch = batch
        batch.weights = weights
        return try FigurePlan(outputs[0], batch.form, spec: self, options: RuntimeOptions()).run(batch)
    }

    func loss(of batch: OutputBatch, weights: Tensor? = nil) throws -> Double { try #require(figures(batch, weights).loss) }

    func metric(of batch: OutputBatch) throws -> Double {
        let (arithmetic, part) = try #require(figures(batch, nil).metrics.first)
        var state = MetricState(arithmetic)
        try state.add(part, of: batch, isWeighted: false)
        return state.figures[0]
    }
}
