import Keras
import KerasFormat
import KerasModel
import Tensors
import Testing

/// Files of Keras 1.2.2, on TensorFlow and on Theano, with what it computed from them.
@Suite struct OldFilesTests {
    static let folder = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures/old"

    static let files: [(String, String, String?)] = [
        ("k122_merge", "k122_merge.h5", nil), ("k122_channels_first", "k122_channels_first.h5", nil),
        ("k122_separable", "k122_separable.h5", nil), ("k122_prelu", "k122_prelu.h5", nil), ("k122_theano", "k122_theano.h5", nil),
        ("k122_channels_first", "k122_channels_first.yaml", "k122_channels_first_w.h5"),
    ]

    @Test(arguments: files)
    func numbersAreThoseOfTheKerasThatWroteIt(numbers: String, file: String, weights: String?) throws {
        let model = try Model.load("\(OldFilesTests.folder)/\(file)", weights: weights.map { "\(OldFilesTests.folder)/\($0)" })
        let known = try NPZ(path: "\(OldFilesTests.folder)/\(numbers).npz")
        let inputs = try known.names.filter { $0.hasPrefix("in") }.map { try known.tensor(named: $0) }
        let wanted = try known.tensor(named: "out0").scalars(as: Float.self)
        let found = try model.predict(inputs)[0].scalars(as: Float.self)
        let scale = wanted.map(abs).max() ?? 1
        #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-6 * scale })
    }

    /// Without turning the kernels back the numbers are others, and no shape tells.
    @Test func theanoIsToldByTheNamesOfItsVariables() throws {
        let diagnosis = try Diagnosis("\(OldFilesTests.folder)/k122_theano.h5")
        #expect(diagnosis.problems.isEmpty)
        #expect(diagnosis.oddities.contains { $0.sentence.contains("Theano") })
        let verdicts = Dictionary(uniqueKeysWithValues: diagnosis.verdicts.map { ($0.reader, $0.reading) })
        #expect(verdicts == [.keras1: .same, .keras2: .otherwise, .tfKeras: .fails, .keras3: .fails])
    }
}
