import Keras
import Testing

// The code of docs/tutorials/walkthrough.md.

enum WalkthroughTutorial {
    static func model() throws -> Sequential {
        let model = Sequential()
        model.add(Conv2D(16, (3, 3)).inputShape(28, 28, 1))
        model.add(Activation(.relu))
        model.add(MaxPooling2D((2, 2)))
        model.add(Conv2D(32, (3, 3)))
        model.add(Activation(.relu))
        model.add(MaxPooling2D((2, 2)))
        model.add(Flatten())
        model.add(Dense(10))
        model.add(Activation(.softmax))
        print(model.summary())
        return model
    }

    /// What one optimizer and one loss came to.
    struct Result {
        let optimizer: String
        let loss: String
        let history: History
        let accuracy: Double
    }

    static func compare(_ data: Datasets.Splits) throws -> [Result] {
        let model = try model()
        let (xTrain, xTest) = (try scaled(data.train.x), try scaled(data.test.x))

        let yTrain = try toCategorical(data.train.y, numClasses: 10)
        let yTest = try toCategorical(data.test.y, numClasses: 10)
        print("labels:", data.train.y[0..<1].shape, "become", yTrain[0..<1].shape)

        let optimizers: [(name: String, optimizer: Optimizer)] = [
            ("SGD", .sgd(learningRate: 0.1, momentum: 0.9)), ("RMSprop", .rmsprop), ("Adagrad", .adagrad(learningRate: 0.05)),
            ("Adadelta", .adadelta(learningRate: 1)), ("Adam", .adam),
        ]
        let losses: [(name: String, loss: Loss)] = [
            ("mean squared error", .meanSquaredError), ("categorical crossentropy", .categoricalCrossentropy),
            ("binary crossentropy", .binaryCrossentropy),
        ]

        let start = try model.getWeights()
        var results: [Result] = []
        for (optimizerName, optimizer) in optimizers {
            for (lossName, loss) in losses {
                try model.setWeights(start)
                try model.compile(optimizer: optimizer, loss: loss, metrics: [.categoricalAccuracy])
                let history = try model.fit(xTrain, yTrain, epochs: 2, verbose: 0)
                let scores = try model.evaluate(xTest, yTest)
                print("\(optimizerName), \(lossName): \(scores)")
                results.append(
                    Result(optimizer: optimizerName, loss: lossName, history: history, accuracy: scores["categorical_accuracy"]!))
            }
        }
        return results
    }

    static func keep(_ data: Datasets.Splits, in folder: String) throws -> [Tensor] {
        let model = try model()
        let images = try scaled(data.test.x)

        try model.save(to: "\(folder)/digits.h5")
        let fromFile = try Model.load("\(folder)/digits.h5")

        let json = try model.json()
        let twin = try Model(json: json)

        try model.saveWeights(to: "\(folder)/digits.weights.h5")
        try twin.loadWeights(from: "\(folder)/digits.weights.h5")

        let old = try model.json(.tfKeras)
        let third = try Model(json: old)
        try third.setWeights(try model.getWeights())
        return try [model, fromFile, twin, third].map { try $0.predict(images) }
    }
}

@Suite struct WalkthroughTutorialTests {
    /// Each optimizer learns by each loss.
    @Test func everyOptimizerLearnsByEveryLoss() throws {
        let results = try Page.run("walkthrough") { try WalkthroughTutorial.compare(try Material.digits(train: 500, test: 200)) }
        #expect(results.count == 15)
        for result in results {
            let label: Comment = "\(result.optimizer), \(result.loss)"
            #expect(result.history["loss"][1] < result.history["loss"][0], label)
            // So few steps by another loss need not lead far.
            if result.loss == "categorical crossentropy" { #expect(result.accuracy > 0.3, label) }
        }
    }

    @Test func whatIsKeptPredictsTheSame() throws {
        try Material.withFolder { folder in
            let predictions = try WalkthroughTutorial.keep(try Material.digits(train: 1, test: 20), in: folder)
            for prediction in predictions.dropFirst() { #expect(try prediction.floats == predictions[0].floats) }
        }
    }
}
