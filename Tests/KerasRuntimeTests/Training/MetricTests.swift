import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What a metric of real Keras said after each batch: `Fixtures/make/metrics.py`.
struct MetricCase: Sendable, CustomTestStringConvertible {
    let json: JSON
    let file: JSON
    var dialect: Dialect { json["rules"] == "keras3" ? .keras3 : .tfKeras }
    var className: String { json["metric"]?.string ?? "" }
    var isWeighted: Bool { json["weighted"] == true }
    var testDescription: String {
        "\(dialect.rawValue): \(className) \((json["settings"] ?? .null).serialized()) of \(json["data"]?.string ?? "")"
            + (isWeighted ? ", weighted" : "")
    }

    static let all: [MetricCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/metrics_k315_tfk221.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return []
        }
        return (json["cases"]?.array ?? []).map { MetricCase(json: $0, file: json) }
    }()

    static func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).map { $0.number ?? .nan } }

    private func tensor(_ json: JSON?) throws -> Tensor {
        try Tensor(MetricCase.numbers(json?["values"]), shape: Shape((json?["shape"]?.array ?? []).compactMap(\.integer)))
    }

    func batches() throws -> [OutputBatch] {
        try (file["data"]?[json["data"]?.string ?? ""]?.array ?? []).enumerated().map { index, batch in
            let weights = isWeighted ? try Tensor(MetricCase.numbers(file["weights"]?.array?[index])) : nil
            return OutputBatch(output: try tensor(batch["p"]), logits: nil, target: try tensor(batch["y"]), weights: weights)
        }
    }

    /// As a compile configuration says it.
    func spec() throws -> EvaluationSpec {
        let metric: JSON = [["class_name": json["metric"] ?? .null, "config": json["settings"] ?? .null]]
        let configuration = TrainingConfiguration(
            dialect: dialect, loss: nil, metrics: isWeighted ? nil : metric, weightedMetrics: isWeighted ? metric : nil)
        return try EvaluationSpec(configuration, origin: Origin(dialect: dialect), outputNames: ["out"])
    }
}

@Suite struct MetricTests {
    @Test(arguments: MetricCase.all) func everyMetricBatchByBatch(_ test: MetricCase) throws {
        let spec = try test.spec()
        var figures = EvaluationFigures(spec, RuntimeOptions(threads: 1))
        for (batch, expected) in zip(try test.batches(), test.json["figures"]?.array ?? []) {
            try figures.add([batch], penalty: 0)
            let found = figures.results.dropFirst().map(\.value)
            let expected = MetricCase.numbers(expected)
            #expect(
                found.count == expected.count && zip(found, expected).allSatisfy { isNear($0, $1, 2e-6) || $0.isNaN && $1.isNaN },
                "\(found), not \(expected)")
        }
    }

    @Test func everyMetricOfTheListIsThere() {
        for dialect in [Dialect.keras3, .tfKeras] {
            let tested = Set(MetricCase.all.filter { $0.dialect == dialect }.map(\.className))
            for metric in knownMetrics where metric.names.dialects.contains(dialect) {
                #expect(tested.contains(metric.names.className), "\(metric.names.className)")
            }
        }
    }

    @Test func settingsAreWrittenAsTheyAreRead() throws {
        for metric in knownMetrics {
            let className = metric.names.className
            guard let test = MetricCase.all.last(where: { $0.className == className && $0.json["settings"] != [:] }) else { continue }
            let named: JSON = ["class_name": .string(className), "config": test.json["settings"] ?? .null]
            let context = EncodingContext(dialect: test.dialect)
            let once = try Metric.translated(named, from: test.dialect, to: context)
            for (key, value) in test.json["settings"]?.object ?? [:] where key != "dtype" {
                #expect(once["config"]?[key] == value, "\(className) \(key)")
            }
            #expect(try Metric.translated(once, from: test.dialect, to: context) == once)
            #expect(throws: KerasError.self) { try Metric.translated(named, from: test.dialect, to: EncodingContext(dialect: .keras2)) }
        }
    }

    @Test func whatCannotBeIsRefused() throws {
        let column = OutputBatch(output: try Tensor(zeros: [4, 1]), logits: nil, target: try Tensor(zeros: [4, 1]))
        let settings: [(String, JSONObject)] = [
            ("AUC", ["num_thresholds": 1]), ("AUC", ["num_thresholds": 4_000_000_000_000]), ("AUC", ["label_weights": [1, 2]]),
            ("AUC", ["multi_label": true, "num_labels": 4_000_000_000]), ("MeanIoU", ["num_classes": 1_000_000]),
            ("Precision", ["class_id": 3]),
            ("OneHotIoU", ["num_classes": 2, "target_class_ids": [0], "axis": 7]), ("PearsonCorrelation", ["axis": 5]),
        ]
        for (name, config) in settings {
            let metrics: JSON = [["class_name": .string(name), "config": .object(config)]]
            let spec = try EvaluationSpec(
                TrainingConfiguration(dialect: .keras3, loss: nil, metrics: metrics), origin: Origin(dialect: .keras3), outputNames: ["out"]
            )
            var figures = EvaluationFigures(spec, RuntimeOptions(threads: 1))
            #expect(throws: KerasError.self, "\(name) \(config)") { try figures.add([column], penalty: 0) }
        }
        #expect(throws: KerasError.self) {
            let metrics: JSON = [["class_name": "MeanIoU", "config": [:]]]
            _ = try EvaluationSpec(
                TrainingConfiguration(dialect: .keras3, loss: nil, metrics: metrics), origin: Origin(dialect: .keras3), outputNames: ["out"]
            )
        }
    }
}
