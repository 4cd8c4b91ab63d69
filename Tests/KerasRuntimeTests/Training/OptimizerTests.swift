import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// Steps that real Keras took: `Fixtures/make/optimizers.py`.
struct OptimizerCase: Sendable, CustomTestStringConvertible {
    let json: JSON
    var testDescription: String {
        "\(json["rules"]?.string ?? ""): \(json["optimizer"]?.string ?? "") \((json["settings"] ?? .null).serialized())"
    }

    static let all: [OptimizerCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Fixtures/training/optimizers_k315_tfk221.json")
        guard let data = try? Data(contentsOf: file), let json = try? JSON(parsing: String(decoding: data, as: UTF8.self)) else {
            return []
        }
        return (json.array ?? []).map { OptimizerCase(json: $0) }
    }()

    func optimizer() throws -> Optimizer {
        var settings = json["settings"]?.object ?? [:]
        if json["rules"] == "current" { settings["is_legacy_optimizer"] = false }
        let dialect: Dialect = json["rules"] == "keras3" ? .keras3 : .tfKeras
        return try Optimizer(
            config: ["class_name": json["optimizer"] ?? .null, "config": .object(settings)],
            in: DecodingContext(dialect: dialect, registry: .keras))
    }

    static func numbers(_ json: JSON?) throws -> [[Float]] {
        try #require(json?.array).map { try #require($0.array).map { Float($0.number ?? .nan) } }
    }
}

@Suite struct OptimizerTests {
    @Test func everyCaseIsThere() { #expect(OptimizerCase.all.count == 82) }

    @Test(arguments: OptimizerCase.all) func everyStepIsKeras(_ test: OptimizerCase) throws {
        let variables = try OptimizerCase.numbers(test.json["start"]).map { try Tensor($0) }
        let gradients = try variables.map { try Tensor(zeros: $0.shape) }
        let run = try OptimizerRun(try test.optimizer(), variables: variables, gradients: gradients)
        for step in try #require(test.json["steps"]?.array) {
            for (target, numbers) in zip(gradients, try OptimizerCase.numbers(step["gradients"])) {
                numbers.withUnsafeBytes { target.mutableAddress.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            }
            run.step(threads: 2)
            for (found, expected) in zip(try variables.map { try $0.scalars(as: Float.self) }, try OptimizerCase.numbers(step["variables"]))
            {
                let scale = expected.reduce(0) { max($0, abs($1)) }
                let worst = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
                #expect(worst <= 1e-6 * scale, "step \(run.iterations): off by \(worst) of \(scale)")
            }
        }
    }

    @Test func anUnknownOptimizerIsNamed() {
        let error = #expect(throws: KerasError.self) {
            try Optimizer(config: ["class_name": "Muon2", "config": [:]], in: DecodingContext(dialect: .keras3, registry: .keras))
        }
        #expect(error?.problems.first?.kind == .unsupported)
        #expect(error?.problems.first?.found == "'Muon2'")
    }
}
