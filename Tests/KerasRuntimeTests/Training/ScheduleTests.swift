import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// A schedule of real Keras and its rates: `Fixtures/make/schedules.py`.
struct ScheduleCase: Sendable, CustomTestStringConvertible {
    let json: JSON
    var dialect: Dialect { json["rules"] == "keras3" ? .keras3 : .tfKeras }
    var testDescription: String { "\(dialect.rawValue): \((json["json"] ?? .null).serialized())" }

    static let all: [ScheduleCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/schedules_k315_tfk221.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return []
        }
        return (json.array ?? []).map { ScheduleCase(json: $0) }
    }()

    func schedule() throws -> any LearningRateSchedule {
        try learningRateSchedule(config: try #require(json["json"]), in: DecodingContext(dialect: dialect, registry: .keras))
    }
}

@Suite struct ScheduleTests {
    @Test(arguments: ScheduleCase.all) func everyRate(_ test: ScheduleCase) throws {
        let schedule = try test.schedule()
        let rates = try #require(test.json["rates"]?.array).map { $0.number ?? .nan }
        let scale = rates.reduce(0, max)
        for (step, expected) in zip(try #require(test.json["steps"]?.array).compactMap(\.integer), rates) {
            let found = Double(schedule.learningRate(at: step))
            #expect(abs(found - expected) <= 1e-6 * scale, "step \(step): \(found), not \(expected)")
        }
    }

    @Test(arguments: ScheduleCase.all) func writtenAsItIsRead(_ test: ScheduleCase) throws {
        let again = try test.schedule().config(in: EncodingContext(dialect: test.dialect))
        for (key, value) in try #require(test.json["json"]?["config"]?.object) {
            #expect(again["config"]?[key] == value || again["config"]?[key]?.number == value.number, "\(key): \(value)")
        }
        #expect(again["class_name"] == test.json["json"]?["class_name"])
    }

    @Test func everyScheduleOfTheListIsThere() {
        let tested = Set(ScheduleCase.all.compactMap { $0.json["json"]?["class_name"]?.string })
        #expect(tested == Set(knownSchedules.map { $0.names.className }))
    }

    @Test func whatHasNoRatesIsRefused() {
        for (name, config) in [
            ("ExponentialDecay", ["initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5]),
            ("PiecewiseConstantDecay", ["boundaries": [1, 2], "values": [0.1, 0.2]]), ("CosineDecay", ["initial_learning_rate": 0.1]),
            ("MySchedule", [:]),
        ] as [(String, JSONObject)] {
            #expect(throws: KerasError.self, "\(name)") {
                try learningRateSchedule(
                    config: ["class_name": .string(name), "config": .object(config)],
                    in: DecodingContext(dialect: .keras3, registry: .keras))
            }
        }
    }
}
