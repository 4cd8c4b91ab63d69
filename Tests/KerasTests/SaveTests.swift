import Foundation
import Keras
import Testing

@Suite struct SaveTests {
    static let fixtures = URL(filePath: #filePath).appending(path: "../../../Fixtures").standardizedFileURL.path

    private func small() throws -> Sequential {
        let model = Sequential {
            Conv2D(4, (3, 3), activation: .relu).inputShape(8, 8, 1)
            Flatten()
            Dense(3, activation: .softmax)
        }
        return model
    }

    private func folder() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    /// A model made in Swift is written for every Keras, and is the same when it is read.
    @Test func aModelIsSavedAndLoaded() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = try small()
        let x = try Tensor((0..<128).map { Float($0) / 128 }, shape: [2, 8, 8, 1])
        let wanted = try model.predict(x).scalars(as: Float.self)
        let path = folder.appending(path: "model.h5").path
        try model.save(to: path)
        let again = try Model.load(path)
        #expect(try again.predict(x).scalars(as: Float.self) == wanted)
        try again.save(to: path)
        #expect(try Model.load(path).predict(x).scalars(as: Float.self) == wanted)
        try model.saveWeights(to: folder.appending(path: "weights.hdf5").path)
        let json = folder.appending(path: "model.json").path
        try model.save(to: json)
        let both = try Model.load(json, weights: folder.appending(path: "weights.hdf5").path)
        #expect(try both.predict(x).scalars(as: Float.self) == wanted)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["model.h5", "model.json", "weights.hdf5"])
    }

    /// A layer that two models and a wrapper share: whoever reads the words has one for each, and there is a weight for every one.
    @Test(arguments: [".h5", ".keras", ".safetensors"]) func sharedLayersAreWrittenForEach(ending: String) throws {
        let common = Dense(4, activation: .tanh, name: "common")
        let start = Input(4, name: "start")
        let inner = try Model(inputs: [start], outputs: [Dense(4, name: "own")(common(start))])
        let input = Input(3, 4, name: "input")
        let steps = TimeDistributed(common)(input)
        let first = GlobalAveragePooling1D()(steps)
        let model = try Model(inputs: [input], outputs: [Add()([inner(first), common(first)])])
        let x = try Tensor((0..<24).map { Float($0) / 24 }, shape: [2, 3, 4])
        let wanted = try model.predict(x).scalars(as: Float.self)
        let bytes = try model.serialized(as: ending)
        let again = try Model.load(bytes: bytes)
        #expect(try again.predict(x).scalars(as: Float.self) == wanted)
        #expect(try again.getWeights().count == 8)
        #expect(try Model.load(bytes: again.serialized(as: ending)).predict(x).scalars(as: Float.self) == wanted)
    }

    /// Changed weights are those that are written.
    @Test func weightsAsTheyAreNow() throws {
        let model = try Model.load("\(SaveTests.fixtures)/mnist_cnn_k315.h5")
        let ones = try model.getWeights().map { try Tensor([Float](repeating: 0.5, count: $0.count), shape: $0.shape) }
        try model.setWeights(ones)
        let again = try Model.load(bytes: try model.serialized())
        #expect(try again.getWeights().allSatisfy { try $0.scalars(as: Float.self).allSatisfy { $0 == 0.5 } })
    }

    /// Eight threads load, save and load again at once; each finds its own numbers. As often as `KERAS_ROUNDS` says.
    @Test func manyThreadsSaveAtOnce() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let rounds = ProcessInfo.processInfo.environment["KERAS_ROUNDS"].flatMap(Int.init) ?? 4
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: "\(SaveTests.fixtures)/generations/k315_seq.h5")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    // Five times in each round a model is read or written.
                    for round in 0..<rounds {
                        let model = try Model.load(bytes: bytes)
                        let value = Float(thread * rounds + round)
                        try model.setWeights(
                            try model.getWeights().map { try Tensor([Float](repeating: value, count: $0.count), shape: $0.shape) })
                        let path = folder.appending(path: "\(thread % 4).h5").path
                        try model.save(to: path, target: SaveTarget.allCases[(thread + round) % 4], compress: round % 4 == 3)
                        // Two threads write each file: either's is there, whole.
                        let found = try Model.load(path).getWeights().map { try $0.scalars(as: Float.self)[0] }
                        #expect(Set(found).count == 1)
                        let own = try Model.load(bytes: try model.serialized()).getWeights()[0].scalars(as: Float.self)[0]
                        #expect(own == value)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["0.h5", "1.h5", "2.h5", "3.h5"])
    }
}
