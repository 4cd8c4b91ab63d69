import Foundation
import Keras
import Testing

// The code of docs/tutorials/convolution.md.

enum ConvolutionTutorial {
    static func shapes() throws {
        let layers: [(String, Conv2D)] = [
            ("no padding", Conv2D(1, (3, 3))),
            ("padding", Conv2D(1, (3, 3), padding: .same)),
            ("no padding, stride 2", Conv2D(1, (3, 3), strides: (2, 2))),
            ("padding, stride 2", Conv2D(1, (3, 3), strides: (2, 2), padding: .same)),
        ]
        let image = Input(28, 28, 1)
        for (name, layer) in layers {
            let model = try Model(inputs: image, outputs: layer(image))
            print("\(name): \(try model.outputs[0].shape!)")
        }
    }

    static func edges() throws -> [Float] {
        let model = Sequential { Conv2D(1, (3, 3), useBias: false).inputShape(5, 5, 1) }
        try model.setWeights([try Tensor([1, 0, -1, 1, 0, -1, 1, 0, -1] as [Float], shape: [3, 3, 1, 1])])
        let image = try Tensor(Array(repeating: [9, 9, 9, 0, 0] as [Float], count: 5).flatMap { $0 }, shape: [1, 5, 5, 1])
        let map = try model.predict(image)
        print(map.shape, try map.scalars(as: Float.self))
        return try map.scalars(as: Float.self)
    }

    static func pooling() throws -> (largest: [Float], mean: [Float]) {
        let image = try Tensor([1, 3, 2, 0, 5, 7, 0, 2, 4, 4, 8, 0, 4, 4, 0, 0] as [Float], shape: [1, 4, 4, 1])
        let largest = try Sequential { MaxPooling2D((2, 2)).inputShape(4, 4, 1) }.predict(image)
        let mean = try Sequential { AveragePooling2D((2, 2)).inputShape(4, 4, 1) }.predict(image)
        print("max:", try largest.scalars(as: Float.self))
        print("average:", try mean.scalars(as: Float.self))
        return (try largest.scalars(as: Float.self), try mean.scalars(as: Float.self))
    }

    static func summaries() throws -> [Int] {
        let without = Sequential(name: "without_pooling") {
            Conv2D(32, (3, 3), activation: .relu).inputShape(28, 28, 1)
            Conv2D(64, (3, 3), activation: .relu)
            Flatten()
            Dense(10, activation: .softmax)
        }
        print(without.summary())

        let with = Sequential(name: "with_pooling") {
            Conv2D(32, (3, 3), activation: .relu).inputShape(28, 28, 1)
            MaxPooling2D((2, 2))
            Conv2D(64, (3, 3), activation: .relu)
            MaxPooling2D((2, 2))
            Flatten()
            Dense(10, activation: .softmax)
        }
        print(with.summary())
        return [try without.countParams(), try with.countParams()]
    }

    static func maps(_ model: Model, _ digit: Tensor, in folder: String) throws -> (maps: Tensor, svg: String) {
        let name = model.layers[0].name
        let features = try Model(inputs: model.inputs, outputs: [model.output(of: name)])
        let maps = try features.predict(digit)
        print(maps.shape)

        let svg = picture(try maps.scalars(as: Float.self), size: 26, count: 32, columns: 8)
        try svg.write(toFile: "\(folder)/feature_maps.svg", atomically: true, encoding: .utf8)
        return (maps, svg)
    }
}

/// Maps (size, size, count) side by side, a path of unit squares for each of seven shades.
func picture(_ maps: [Float], size: Int, count: Int, columns: Int) -> String {
    let rows = (count + columns - 1) / columns
    let largest = maps.max() ?? 1
    var paths = Array(repeating: "", count: 8)
    for map in 0..<count {
        let (left, top) = (map % columns * (size + 1), map / columns * (size + 1))
        for pixel in 0..<size * size {
            let shade = Int((maps[pixel * count + map] / largest).squareRoot() * 7.5)
            if shade > 0 { paths[shade] += "M\(left + pixel % size) \(top + pixel / size)h1" }
        }
    }
    let (width, height) = (columns * (size + 1), rows * (size + 1))
    let strokes = (1..<8).map { "<path d=\"\(paths[$0])\" stroke=\"#fff\" stroke-opacity=\"\(Double($0) / 7)\"/>" }
    return """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(3 * width)" viewBox="0 -0.5 \(width) \(height)">
        <rect y="-0.5" width="100%" height="100%"/>
        \(strokes.joined(separator: "\n"))
        </svg>

        """
}
@Suite struct ConvolutionTutorialTests {
    @Test func pageIsWhatIsPrinted() throws {
        let model = try Model.load(Material.fixture("mnist_cnn_k315.h5"))
        let digit = try NPZ(path: Material.fixture("mnist_test.npz")).tensor(named: "x_test")[0..<1].reshaped(to: [1, 28, 28, 1])
        try Material.withFolder { folder in
            let (edges, pooled, counts, drawn) = try Page.run("convolution") {
                try ConvolutionTutorial.shapes()
                return (
                    try ConvolutionTutorial.edges(), try ConvolutionTutorial.pooling(), try ConvolutionTutorial.summaries(),
                    try ConvolutionTutorial.maps(model, digit, in: folder)
                )
            }
            #expect(edges == [0, 27, 27, 0, 27, 27, 0, 27, 27])
            #expect(pooled.largest == [7, 2, 4, 8] && pooled.mean == [4, 1, 4, 2])
            #expect(counts == [387_466, 34_826])
            #expect(drawn.maps.shape == [1, 26, 26, 32])
            // A map that is drawn is not blank, and the picture is what was written.
            #expect(drawn.svg.components(separatedBy: "M").count > 1000)
            #expect(try String(contentsOfFile: "\(folder)/feature_maps.svg", encoding: .utf8) == drawn.svg)
            if let goal = ProcessInfo.processInfo.environment["TUTORIALS_PICTURE"] {
                try drawn.svg.write(toFile: goal, atomically: true, encoding: .utf8)
            }
        }
    }
}
