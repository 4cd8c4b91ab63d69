// Loads a CNN that Python Keras trained, classifies the MNIST test set with it, and shows a few digits beside what it says they are.

import Keras

let fixtures = CommandLine.arguments.dropFirst().first ?? "Fixtures"
let model = try Model.load("\(fixtures)/mnist_cnn_k315.h5")
print(model.summary())

let data = try NPZ(path: "\(fixtures)/mnist_test.npz")
let images = try data.tensor(named: "x_test")
let labels = try data.tensor(named: "y_test").scalars(as: Int.self)

_ = try model.predict(images[0..<256])  // the first call plans and packs
let clock = ContinuousClock()
var scores: Tensor?
let time = try clock.measure { scores = try model.predict(images) }
guard let scores else { fatalError("measure ran nothing") }

let predicted = try scores.argmax()
print(try digits(images, predicted, labels, show: 8))
let correct = zip(predicted, labels).count { $0 == $1 }
let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
print("\(correct) of \(labels.count) right: accuracy \(Double(correct) / Double(labels.count))")
print("\(Int(Double(labels.count) / seconds)) images/s")

/// The first digits next to one another, two pixels a character, with a line below that says what each was taken for.
func digits(_ images: Tensor, _ predicted: [Int], _ labels: [Int], show count: Int) throws -> String {
    let size = 28
    let pixels = try images[0..<count].scalars(as: UInt8.self)
    let shades = [" ", "░", "▒", "▓", "█"]
    var lines: [String] = []
    for row in stride(from: 0, to: size, by: 2) {
        var line = ""
        for image in 0..<count {
            for column in stride(from: 0, to: size, by: 2) {
                let cells = [0, 1].flatMap { y in [0, 1].map { x in Int(pixels[(image * size + row + y) * size + column + x]) } }
                line += shades[cells.reduce(0, +) * (shades.count - 1) / (4 * 255)]
            }
            line += " "
        }
        lines.append(line)
    }
    let captions = (0..<count).map { index in
        let verdict = predicted[index] == labels[index] ? "✓" : "✗ (\(labels[index]))"
        let text = "  it is \(predicted[index]) \(verdict)"
        return text + String(repeating: " ", count: max(size / 2 + 1 - text.count, 0))
    }
    return (lines + [captions.joined()]).joined(separator: "\n") + "\n"
}
