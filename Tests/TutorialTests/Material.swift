import Foundation
import Keras
import Storage

/// What the tutorials are run on here: little of it, as tests are to be quick and no network is at hand.
///
/// With `TUTORIALS_MNIST` set to the path of Keras's mnist.npz they are run on all of it, or on the first `TUTORIALS_COUNT` of its images to be
/// trained on, and print: so the figures of the pages were made.
enum Material {
    static let wholePath = ProcessInfo.processInfo.environment["TUTORIALS_MNIST"]
    static var isWhole: Bool { wholePath != nil }

    private static let fixtures = URL(filePath: #filePath).appending(path: "../../../Fixtures").standardizedFileURL

    static func fixture(_ path: String) -> String { fixtures.appending(path: path).path }

    /// Digits in the form of `Datasets.mnist()`, the first `train` of the test set and the `test` that follow.
    static func digits(train: Int, test: Int) throws -> Datasets.Splits {
        if let wholePath {
            let data = try Datasets.mnist(path: wholePath)
            let count = Int(ProcessInfo.processInfo.environment["TUTORIALS_COUNT"] ?? "") ?? 60_000
            return ((data.train.x[0..<count], data.train.y[0..<count]), data.test)
        }
        let archive = try NPZ(path: fixture("mnist_test.npz"))
        let (x, y) = (try archive.tensor(named: "x_test"), try archive.tensor(named: "y_test"))
        return ((x[0..<train], y[0..<train]), (x[train..<train + test], y[train..<train + test]))
    }

    /// Puts creatures.npy, which is compressed in the fixtures, into a folder.
    static func creatures(in folder: String) throws {
        let plain = try Gzip.inflate(try Files.map(fixture("tutorials/creatures.npy.gz")))
        try Data(plain.withUnsafeBytes { Array($0) }).write(to: URL(filePath: "\(folder)/creatures.npy"))
    }

    /// Runs `body` with a folder of its own, gone afterwards.
    static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-tutorial-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}

extension Tensor {
    var floats: [Float] { get throws { try scalars(as: Float.self) } }
}
