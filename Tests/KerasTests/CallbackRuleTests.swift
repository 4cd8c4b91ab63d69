import Foundation
import JSON
import KerasModel
import Testing

@testable import Keras

/// What Keras 3 writes and does: `Fixtures/make/callbacks.py`.
@Suite struct CallbackRuleTests {
    static let fixture: JSON = {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/callbacks_k315.json")
        guard let data = try? Data(contentsOf: file) else { return .null }
        return (try? JSON(parsing: String(decoding: data, as: UTF8.self))) ?? .null
    }()

    static func cases(_ key: String) -> [JSON] { fixture[key]?.array ?? [] }

    private func named(_ json: JSON?) -> [(name: String, value: Double)] {
        (json?.array ?? []).map { ($0.array?[0].string ?? "", $0.array?[1].number ?? .nan) }
    }

    private func monitor(_ settings: JSON?, minDelta: Double) throws -> Monitor {
        var monitor = Monitor(
            "val_loss", MonitorMode(rawValue: settings?["mode"]?.string ?? "auto") ?? .auto,
            minDelta: settings?["min_delta"]?.number ?? minDelta)
        try monitor.settle(EvaluationSpec(outputNames: ["out"], losses: [.meanSquaredError]))
        return monitor
    }

    @Test func theFixtureIsThere() {
        for (key, count) in [("bars", 11), ("stops", 30), ("plateaus", 20), ("tables", 4), ("counts", 8)] {
            #expect(CallbackRuleTests.cases(key).count == count)
        }
    }

    @Test(arguments: cases("bars")) func theBarIsKeras(_ test: JSON) throws {
        var bar = ProgressBar(target: test["target"]?.integer, test["verbose"] == 1 ? .bar : .line, at: 0)
        let values = named(test["values"])
        for update in test["updates"]?.array ?? [] {
            let (step, isLast) = (update["step"]?.integer ?? 0, update["last"] == true)
            let part = isLast ? 2.0 : Double(step)
            let figures = values.map { ($0.name, $0.value / part) } + (isLast ? [("val_loss", 0.75)] : [])
            if test["verbose"] == 2, !isLast { continue }
            let text = bar.update(step, figures, at: update["now"]?.number ?? 0, isLast: isLast) ?? ""
            #expect(text == update["text"]?.string)
        }
    }

    @Test(arguments: cases("stops")) func trainingStopsAsInKeras(_ test: JSON) throws {
        let settings = test["settings"]
        var rule = EarlyStoppingRule(
            try monitor(settings, minDelta: 0), patience: settings?["patience"]?.integer ?? 0, baseline: settings?["baseline"]?.number,
            startFromEpoch: settings?["start_from_epoch"]?.integer ?? 0)
        var kept: Int?
        for (epoch, value) in (test["figures"]?.array ?? []).enumerated() where rule.stoppedEpoch == nil {
            if rule.end(epoch, value.number ?? .nan) { kept = epoch }
        }
        #expect(rule.stoppedEpoch == test["stopped"]?.integer)
        #expect(kept == test["restored"]?.integer)
        let sentences = EarlyStopping.sentences(rule, restores: kept != nil).map { $0 + "\n" }.joined()
        #expect(sentences == test["text"]?.string)
    }

    @Test(arguments: cases("plateaus")) func theRateFallsAsInKeras(_ test: JSON) throws {
        let settings = test["settings"]
        var rule = PlateauRule(
            try monitor(settings, minDelta: 1e-4), factor: settings?["factor"]?.number ?? 0.1,
            patience: settings?["patience"]?.integer ?? 10,
            cooldown: settings?["cooldown"]?.integer ?? 0, minimum: settings?["min_lr"]?.number ?? 0)
        // The optimizer keeps its rate in float32.
        var rate = Double(Float(0.1))
        var text = ""
        for (epoch, (value, expected)) in zip(test["figures"]?.array ?? [], test["rates"]?.array ?? []).enumerated() {
            if let new = rule.end(value.number ?? .nan, rate: rate) {
                text += ReduceLROnPlateau.sentence(epoch, new) + "\n"
                rate = Double(Float(new))
            }
            #expect(rate == expected.number)
        }
        #expect(text == test["text"]?.string)
    }

    @Test(arguments: cases("tables")) func theTableIsPythons(_ test: JSON) {
        var text = ""
        for _ in 0..<2 {
            var table = CSVTable(separator: test["separator"]?.string ?? ",", after: text)
            for (epoch, figures) in (test["logs"]?.array ?? []).enumerated() { table.add(epoch, named(figures)) }
            text = table.text
        }
        #expect(text == test["twice"]?.string)
    }

    @Test(arguments: cases("counts")) func savesCountBatches(_ test: JSON) {
        var counter = BatchCounter(.batches(test["frequency"]?.integer ?? 0))
        let saves = (test["batches"]?.array ?? []).map { counter.end($0.integer ?? 0) }
        #expect(saves == (test["saves"]?.array ?? []).map { $0 == true })
    }

    @Test func whichWayIsUp() throws {
        let spec = try EvaluationSpec(
            outputNames: ["out"], losses: [.meanSquaredError],
            metrics: [[.accuracy, .meanAbsoluteError, .rootMeanSquaredError, .auc, .truePositives]])
        for (name, rises) in [
            ("loss", false), ("val_accuracy", true), ("mean_absolute_error", false), ("root_mean_squared_error", false), ("val_auc", true),
        ] {
            var monitor = Monitor(name, .auto)
            try monitor.settle(spec)
            #expect(monitor.isBetter(2, than: 1) == rises, "\(name)")
        }
        for name in ["true_positives", "nothing"] {
            var monitor = Monitor(name, .auto)
            #expect(throws: KerasError.self) { try monitor.settle(spec) }
        }
    }
}
