// Trains the CNN of docs/tutorials/mnist.md on Fashion-MNIST, or with --mnist on MNIST itself where Keras has it in its cache, and saves it for
// Python. --seed=N draws another order of the samples.

import Keras

let arguments = Array(CommandLine.arguments.dropFirst())
let isDigits = arguments.contains("--mnist")
let seed = arguments.lazy.filter { $0.hasPrefix("--seed=") }.compactMap { UInt64($0.dropFirst(7)) }.first ?? 0
let output = arguments.last { !$0.hasPrefix("--") } ?? (isDigits ? "mnist_cnn.h5" : "fashion_cnn.h5")

let data: Datasets.Splits
if isDigits { data = try Datasets.mnist() } else { data = try Datasets.fashionMNIST() }
let ((xTrain, yTrain), (xTest, yTest)) = data
let images = try xTrain.reshaped(to: [60_000, 28, 28, 1]) / 255
let testImages = try xTest.reshaped(to: [10_000, 28, 28, 1]) / 255

let model = Sequential(name: "mnist_cnn") {
    Conv2D(32, (3, 3), activation: .relu).inputShape(28, 28, 1)
    MaxPooling2D((2, 2))
    Conv2D(64, (3, 3), activation: .relu)
    MaxPooling2D((2, 2))
    Conv2D(64, (3, 3), activation: .relu)
    Flatten()
    Dense(64, activation: .relu)
    Dense(10, activation: .softmax)
}
print(model.summary())

try model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
try model.fit(images, yTrain, epochs: 5, callbacks: [EpochLines()], seed: seed, verbose: 0)

let scores = try model.evaluate(testImages, yTest)
print("test loss: \(rounded(scores.loss)) - test accuracy: \(rounded(scores["accuracy"] ?? .nan))")
for note in try model.save(to: output) { print("\(output): \(note)") }
print("saved as \(output), for keras.models.load_model")

/// Prints a line after each epoch.
final class EpochLines: Callback {
    private let clock = ContinuousClock()
    private var begin: ContinuousClock.Instant?

    func onEpochBegin(_ epoch: Int, _ training: Training) { begin = clock.now }

    func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) {
        let seconds = begin.map { (clock.now - $0).components.seconds } ?? 0
        let figures = logs.values.map { " - \($0.name): \(rounded($0.value))" }.joined()
        print("Epoch \(epoch + 1)/\(training.epochs) - \(seconds)s" + figures)
    }
}

func rounded(_ figure: Double) -> Double { (figure * 10_000).rounded() / 10_000 }
