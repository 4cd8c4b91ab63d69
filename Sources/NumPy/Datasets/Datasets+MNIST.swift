internal import Storage
internal import Tensors

extension Datasets {
    /// The four arrays of a data set of MNIST's kind, with the checksums of their uncompressed IDX files.
    struct Images {
        let source: Source
        /// Of `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`.
        let checksums: [String]

        static let files = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
        static let members = ["x_train", "y_train", "x_test", "y_test"]

        func splits(_ arrays: [Tensor]) -> Splits { ((arrays[0], arrays[1]), (arrays[2], arrays[3])) }
    }

    static let mnistImages = Images(
        source: Source(
            name: "MNIST", origin: "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz", module: "mnist"),
        checksums: [
            "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624", "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ])

    static let fashionImages = Images(
        source: Source(
            name: "Fashion-MNIST", origin: "https://storage.googleapis.com/tensorflow/tf-keras-datasets/", module: "fashion_mnist"),
        checksums: [
            "f4a8712d7a061bf5bd6d2ca38dc4d50a", "9018921c3c673c538a1fc5bad174d6f9", "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ])

    /// MNIST, handwritten digits: images `(60000, 28, 28)` and `(10000, 28, 28)`, labels `(60000,)` and `(10000,)`.
    ///
    /// - Parameter path: another file than Keras's own: a path, or a name in Keras's cache.
    /// - Throws: `noInput` if it is not on this machine, `malformed` if the file holds something else; else as ``NPZ``.
    public static func mnist(path: String = "mnist.npz") throws -> Splits {
        try images(mnistImages, archive: path.contains("/") ? path : cache(path))
    }

    /// Fashion-MNIST, pictures of clothes in ten classes: images `(60000, 28, 28)` and `(10000, 28, 28)`, labels `(60000,)` and `(10000,)`.
    /// Debian has it as the package `dataset-fashion-mnist`.
    ///
    /// - Throws: `noInput` if it is not on this machine, `malformed` if the files hold something else.
    public static func fashionMNIST() throws -> Splits {
        try images(fashionImages, folders: [cache("fashion-mnist"), "/usr/share/datasets/fashion-mnist"])
    }

    /// Out of one archive.
    static func images(_ set: Images, archive path: String) throws -> Splits {
        guard Environment.exists(path) else { throw set.source.missing([path]) }
        let archive = try NPZ(path: path)
        return set.splits(
            try zip(Images.members, set.checksums).map { name, checksum in
                try KerasError.placing(Place(file: path, object: name)) {
                    let tensor = try archive.tensor(named: name)
                    guard tensor.dtype == .uint8 else {
                        throw KerasError(
                            .malformed, "the file is not the data set \(set.source.name)", found: "elements of \(tensor.dtype)",
                            expected: "uint8")
                    }
                    try set.source.check(try IDX.md5(of: tensor), checksum)
                    return tensor
                }
            })
    }

    /// Out of IDX files, compressed or not, in the first of these folders that has one.
    static func images(_ set: Images, folders: [String]) throws -> Splits {
        func path(_ folder: String, _ file: String) -> String? {
            ["\(folder)/\(file).gz", "\(folder)/\(file)"].first(where: Environment.exists)
        }
        guard let folder = folders.first(where: { path($0, Images.files[0]) != nil }) else { throw set.source.missing(folders) }
        return set.splits(
            try zip(Images.files, set.checksums).map { file, checksum in
                guard let path = path(folder, file) else { throw set.source.missing(["\(folder)/\(file).gz"]) }
                let tensor = try IDX.load(path)
                try KerasError.placing(Place(file: path)) { try set.source.check(try IDX.md5(of: tensor), checksum) }
                return tensor
            })
    }
}
