import Keras
import Testing

// The code of docs/tutorials/photos.md.

enum PhotosTutorial {
    static func model(_ numClasses: Int) throws -> Sequential {
        let model = Sequential {
            Conv2D(32, (3, 3), padding: .same, activation: .relu).inputShape(100, 100, 3)
            Conv2D(32, (3, 3), activation: .relu)
            MaxPooling2D((2, 2))
            Dropout(0.25)
            Conv2D(64, (3, 3), padding: .same, activation: .relu)
            Conv2D(64, (3, 3), activation: .relu)
            MaxPooling2D((2, 2))
            Dropout(0.25)
            Flatten()
            Dense(512, activation: .relu)
            Dropout(0.5)
            Dense(numClasses, activation: .softmax)
        }
        print(model.summary())
        return model
    }

    static func train(epochs: Int, in folder: String) throws -> (history: History, scores: Scores, predictions: [Tensor]) {
        let classes = ["ball", "box", "cone", "cross", "ring", "star"]
        let (xTrain, xTest, yTrain, yTest) = try NPY.loadObjects("\(folder)/creatures.npy", allowPickle: true).unpacked()
        print(xTrain.dtype, xTrain.shape, xTest.shape, yTrain.dtype, yTrain.shape)

        let (images, testImages) = (try xTrain / 256, try xTest / 256)
        let labels = try toCategorical(yTrain, numClasses: classes.count)
        let testLabels = try toCategorical(yTest, numClasses: classes.count)

        let model = try model(classes.count)
        try model.compile(optimizer: .adam, loss: .categoricalCrossentropy, metrics: [.accuracy])
        let history = try model.fit(images, labels, batchSize: 32, epochs: epochs, callbacks: [EpochLines()], verbose: 0)

        let scores = try model.evaluate(testImages, testLabels)
        print("test loss:", scores.loss)
        print("test accuracy:", scores["accuracy"]!)
        try model.save(to: "\(folder)/creatures_cnn.h5")

        let loaded = try Model.load("\(folder)/creatures_cnn.h5")
        let probabilities = try loaded.predict(testImages)
        for (found, label) in zip(try probabilities.argmax(), try yTest.scalars(as: Int.self)).prefix(3) {
            print("a \(classes[label]) is taken for a \(classes[found])")
        }
        return (history, scores, [probabilities, try model.predict(testImages)])
    }
}

@Suite struct PhotosTutorialTests {
    @Test func learnsFromAnArrayOfObjects() throws {
        try Material.withFolder { folder in
            try Material.creatures(in: folder)
            let (history, scores, predictions) = try Page.run("photos") {
                try PhotosTutorial.train(epochs: Material.isWhole ? 8 : 3, in: folder)
            }
            #expect(try #require(history["loss"].last) < history["loss"][0] * 0.85)
            #expect(try #require(scores["accuracy"]) > 0.25)
            #expect(predictions[0].shape == [24, 6])
            #expect(try predictions[0].floats == predictions[1].floats)
        }
    }
}
