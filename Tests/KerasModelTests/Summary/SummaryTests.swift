import Foundation
import JSON
import KerasFormat
import Tensors
import Testing

@testable import KerasModel

/// Every summary beside a file, in both styles, character for character as that file's Keras printed it.
@Suite struct SummaryTests {
    private static let fixtures = URL(filePath: #filePath).appending(path: "../../../../Fixtures").standardizedFileURL

    private static func golden(_ name: String) throws -> String {
        try String(contentsOf: fixtures.appending(path: "summaries/\(name).txt"), encoding: .utf8)
    }

    private static func summary(_ file: String, _ style: SummaryStyle, lineLength: Int? = nil) throws -> String {
        let saved = try ModelFile.read(fixtures.appending(path: file).path)
        var options = SummaryOptions(style: style, lineLength: lineLength)
        options.optimizer = saved.training?.sizeOnceLoaded
        return try BuiltModel(saved.root).summary(options)
    }

    @Test(arguments: ["any_size", "branches", "frozen", "trained"])
    func keras3(_ name: String) throws {
        #expect(try SummaryTests.summary("summaries/\(name).k315.h5", .keras3) == SummaryTests.golden("\(name).k315"))
    }

    @Test(arguments: ["any_size", "branches", "frozen", "trained"])
    func tfKeras(_ name: String) throws {
        #expect(try SummaryTests.summary("summaries/\(name).tfk221.h5", .tfKeras) == SummaryTests.golden("\(name).tfk221"))
    }

    @Test func demoModel() throws {
        #expect(try SummaryTests.summary("mnist_cnn_k315.h5", .keras3) == SummaryTests.golden("mnist_cnn.k315"))
        #expect(try SummaryTests.summary("summaries/mnist_cnn.tfk221.json", .tfKeras) == SummaryTests.golden("mnist_cnn.tfk221"))
    }

    /// Names that take more or fewer cells than letters, a line too long for the console, a column that all of a name cannot fit.
    @Test(arguments: [nil, 60, 33]) func wideNames(_ lineLength: Int?) throws {
        let x = Input(5, name: "日本語の名前はとても長いので折り返しが必要です")
        let y = Dense(3, name: "e\u{301}clair_with_a_very_long_name_e\u{301}e\u{301}e\u{301}e\u{301}")(x)
        let z = Dense(3, name: "a b c d e f g h i j k l m n o p q r s t u v w x y z")(x)
        let sum = Add(name: String(repeating: "👩‍👩‍👧‍👦", count: 8))([y, z])
        let architecture = try Architecture(name: String(repeating: "名 ", count: 45), inputs: [x], outputs: [sum, y])
        let text = try BuiltModel(ModelLayer(architecture)).summary(SummaryOptions(lineLength: lineLength))
        #expect(text == (try SummaryTests.golden("wide_names.k315.\(lineLength ?? 76)")))
    }

    /// Layers inside nested models, and which layers train, in both styles.
    @Test(arguments: SummaryStyle.allCases) func nestedAndTrainable(_ style: SummaryStyle) throws {
        let tag = style == .keras3 ? "k315" : "tfk221"
        let saved = try ModelFile.read(SummaryTests.fixtures.appending(path: "summaries/branches.\(tag).h5").path)
        let options = SummaryOptions(style: style, columns: 120, expandsNested: true, showsTrainable: true)
        #expect(try BuiltModel(saved.root).summary(options) == SummaryTests.golden("branches_expanded.\(tag)"))
    }

    @Test func notBuilt() throws {
        let root = ModelLayer(Architecture(sequential: "blank", layers: [Dense(3), Flatten()]))
        let text = root.summary(built: nil)
        #expect(text.contains("│ dense (Dense)                   │ ?                      │   0 (unbuilt) │"))
        #expect(text.hasSuffix(" Total params: 0 (0.00 B)\n Trainable params: 0 (0.00 B)\n Non-trainable params: 0 (0.00 B)\n"))
    }

    @Test func optimizerScalars() throws {
        let step = try Tensor([Int64(1)])
        func size(_ optimizer: JSON) -> SummarySize? {
            TrainingConfiguration(dialect: .keras3, optimizer: optimizer, optimizerVariables: [("iteration", step)]).sizeOnceLoaded
        }
        #expect(size(["class_name": "Adam", "config": ["learning_rate": 0.001]]) == SummarySize(count: 2, bytes: 12))
        #expect(size(["class_name": "Nadam", "config": ["learning_rate": 0.001]]) == SummarySize(count: 3, bytes: 16))
        let schedule: JSON = ["class_name": "ExponentialDecay"]
        #expect(size(["class_name": "SGD", "config": ["learning_rate": schedule]]) == SummarySize(count: 1, bytes: 8))
        #expect(TrainingConfiguration(dialect: .keras3).sizeOnceLoaded == nil)
    }
}
