import Keras
import Testing

// The code of docs/tutorials/dropout.md.

func scaled(_ x: Tensor) throws -> Tensor {
    try x.reshaped(to: [x.shape[0], 28, 28, 1]) / 255
}

enum DropoutTutorial {
    static func model() throws -> Sequential {
        let model = Sequential(name: "padded_cnn")
        model.add(Conv2D(16, (3, 3), padding: .same, activation: .relu).inputShape(28, 28, 1))
        model.add(MaxPooling2D((2, 2)))
        model.add(Conv2D(128, (3, 3), activation: .relu))
        model.add(Conv2D(256, (3, 3), activation: .relu))
        model.add(MaxPooling2D((2, 2)))
        model.add(Dropout(0.25))
        model.add(Flatten())
        model.add(Dropout(0.5))
        model.add(Dense(10, activation: .softmax))
        print(model.summary())
        return model
    }

    static func train(_ data: Datasets.Splits, in folder: String) throws -> (history: History, scores: Scores, agree: Bool, goesOn: History)
    {
        let model = try model()
        let (images, labels) = (try scaled(data.train.x), data.train.y)
        let (testImages, testLabels) = (try scaled(data.test.x), data.test.y)

        try model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        let history = try model.fit(
            images, labels, batchSize: 128, epochs: 3, callbacks: [EpochLines()], validationSplit: 0.1, seed: 42, verbose: 0)

        let best = history["val_accuracy"].max()!
        print("best validation accuracy:", best)

        let scores = try model.evaluate(testImages, testLabels)
        print(scores)

        let once = try model.predict(testImages[0..<8]).scalars(as: Float.self)
        let twice = try model.predict(testImages[0..<8]).scalars(as: Float.self)
        print("the same twice:", once == twice)

        try model.save(to: "\(folder)/padded_cnn.keras")
        let resumed = try Model.load("\(folder)/padded_cnn.keras")
        let goesOn = try resumed.fit(images, labels, batchSize: 128, epochs: 4, callbacks: [EpochLines()], initialEpoch: 3, verbose: 0)
        return (history, scores, once == twice, goesOn)
    }
}

@Suite struct DropoutTutorialTests {
    @Test func learnsAndGoesOnFromTheFile() throws {
        try Material.withFolder { folder in
            let (history, scores, agree, goesOn) = try Page.run("dropout") {
                try DropoutTutorial.train(try Material.digits(train: 800, test: 200), in: folder)
            }
            #expect(history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
            #expect(history["loss"][2] < history["loss"][0] / 1.5)
            #expect(try #require(scores["accuracy"]) > (Material.isWhole ? 0.95 : 0.6))
            #expect(agree)
            // It goes on where it was, optimizer and all, not from the beginning.
            #expect(goesOn.epoch == [3])
            #expect(goesOn["loss"][0] < history["loss"][1])
        }
    }
}
