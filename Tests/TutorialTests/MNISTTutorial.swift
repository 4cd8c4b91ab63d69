import Keras
import Testing

// The code of docs/tutorials/mnist.md.

/// Prints a line after each epoch.
final class EpochLines: Callback {
    func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) {
        let figures = logs.values.map { "\($0.name): \(($0.value * 10_000).rounded() / 10_000)" }
        print("Epoch \(epoch + 1)/\(training.epochs) - " + figures.joined(separator: " - "))
    }
}

enum MNISTTutorial {
    static func data() throws -> Datasets.Splits {
        let ((xTrain, yTrain), (xTest, yTest)) = try Datasets.mnist()
        return ((xTrain, yTrain), (xTest, yTest))
    }

    static func model() throws -> Sequential {
        let model = Sequential {
            Conv2D(32, (3, 3), activation: .relu).inputShape(28, 28, 1)
            MaxPooling2D((2, 2))
            Conv2D(64, (3, 3), activation: .relu)
            MaxPooling2D((2, 2))
            Conv2D(64, (3, 3), activation: .relu)
        }
        print(model.summary())

        model.add(Flatten())
        model.add(Dense(64, activation: .relu))
        model.add(Dense(10, activation: .softmax))
        print(model.summary())
        return model
    }

    static func train(_ data: Datasets.Splits, in folder: String) throws -> (history: History, scores: Scores, again: Scores) {
        let ((xTrain, yTrain), (xTest, yTest)) = data
        let model = try model()

        let images = try xTrain.reshaped(to: [xTrain.shape[0], 28, 28, 1]) / 255
        let testImages = try xTest.reshaped(to: [xTest.shape[0], 28, 28, 1]) / 255

        try model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        let history = try model.fit(images, yTrain, epochs: 5, callbacks: [EpochLines()], verbose: 0)

        let scores = try model.evaluate(testImages, yTest)
        print("test accuracy:", scores["accuracy"]!)

        let probabilities = try model.predict(testImages[0..<5])  // (5, 10)
        print("taken for:", try probabilities.argmax(), "and are:", try yTest[0..<5].scalars(as: Int.self))

        try model.save(to: "\(folder)/mnist_cnn.h5")

        let loaded = try Model.load("\(folder)/mnist_cnn.h5")
        let again = try loaded.evaluate(testImages, yTest)
        return (history, scores, again)
    }

    static func oldSummary(_ model: Model) {
        print(model.summary(style: .tfKeras))
    }
}

@Suite struct MNISTTutorialTests {
    @Test func learnsAndIsLoadedAgain() throws {
        try Material.withFolder { folder in
            let (history, scores, again) = try Page.run("mnist") {
                MNISTTutorial.oldSummary(try MNISTTutorial.model())
                return try MNISTTutorial.train(try Material.digits(train: 600, test: 300), in: folder)
            }
            #expect(history["loss"].count == 5)
            #expect(history["loss"][4] < history["loss"][0] / 3)
            #expect(try #require(scores["accuracy"]) > 0.8)
            #expect(again.values.elementsEqual(scores.values) { $0 == $1 })
        }
    }

    @Test func hasTheTutorialsParameters() throws { #expect(try MNISTTutorial.model().countParams() == 93_322) }

    /// Keras's file need not be on this machine.
    @Test func looksForMNISTWhereKerasKeepsIt() throws {
        do {
            #expect(try MNISTTutorial.data().train.x.shape == [60_000, 28, 28])
        } catch let error as KerasError {
            #expect(error.problems.map(\.kind) == [.noInput])
        }
    }
}
