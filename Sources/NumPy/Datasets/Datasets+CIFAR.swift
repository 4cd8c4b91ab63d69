internal import Storage
internal import Tensors

extension Datasets {
    /// Which of an image's labels in CIFAR-100: one of 100 classes, or one of the 20 that these belong to.
    public enum LabelMode: String, Sendable {
        case fine, coarse
    }

    /// Python pickles of images in rows of 3 × 32 × 32 bytes, with the checksums of the files.
    struct Batches {
        let source: Source
        let train: [(file: String, checksum: String)]
        let test: (file: String, checksum: String)
    }

    static let cifar10Batches = Batches(
        source: Source(name: "CIFAR-10", origin: "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", module: "cifar10"),
        train: [
            ("data_batch_1", "c99cafc152244af753f735de768cd75f"), ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
            ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"), ("data_batch_4", "634d18415352ddfa80567beed471001a"),
            ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
        ],
        test: ("test_batch", "40351d587109b95175f43aff81a1287e"))

    static let cifar100Batches = Batches(
        source: Source(name: "CIFAR-100", origin: "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", module: "cifar100"),
        train: [("train", "16019d7e3df5f24257cddd939b257f8d")], test: ("test", "f0ef6b0ae62326f3e7ffdfab6717acfc"))

    /// CIFAR-10, small photographs in ten classes: images `(50000, 32, 32, 3)` and `(10000, 32, 32, 3)`, labels `(50000, 1)` and `(10000, 1)`.
    ///
    /// - Throws: `noInput` if it is not on this machine, `malformed` if the files hold something else.
    public static func cifar10() throws -> Splits {
        // Keras 3 unpacks the archive into a folder that is named so, Keras 2 into the cache itself.
        try batches(
            cifar10Batches, labels: "labels",
            folders: [cache("cifar-10-batches-py-target/cifar-10-batches-py"), cache("cifar-10-batches-py")])
    }

    /// CIFAR-100, as ``cifar10()`` in 100 classes of 20 kinds.
    ///
    /// - Throws: `noInput` if it is not on this machine, `malformed` if the files hold something else.
    public static func cifar100(labelMode: LabelMode = .fine) throws -> Splits {
        try batches(
            cifar100Batches, labels: "\(labelMode.rawValue)_labels",
            folders: [cache("cifar-100-python-target/cifar-100-python"), cache("cifar-100-python")])
    }

    static func batches(_ set: Batches, labels: String, folders: [String]) throws -> Splits {
        guard let folder = folders.first(where: { Environment.exists("\($0)/\(set.test.file)") }) else { throw set.source.missing(folders) }
        func read(_ files: [(file: String, checksum: String)]) throws -> (x: Tensor, y: Tensor) {
            let parts = try files.map { file, checksum in
                let path = "\(folder)/\(file)"
                guard Environment.exists(path) else { throw set.source.missing([path]) }
                return try KerasError.placing(Place(file: path)) {
                    let buffer = try Files.map(path)
                    try set.source.check(MD5.of(buffer), checksum)
                    return try batch(buffer, labels: labels)
                }
            }
            return try joined(parts)
        }
        return (try read(set.train), try read([set.test]))
    }

    /// Images as `(n, 3, 32, 32)`, and their labels.
    private static func batch(_ buffer: Buffer, labels: String) throws -> (images: Tensor, labels: [UInt8]) {
        let batch = try Pickle.decode(buffer)
        guard let data = batch["data"], let list = batch[labels] else {
            throw KerasError(.malformed, "a batch of images has not what it should", found: batch.kind, expected: "'data' and '\(labels)'")
        }
        let (images, numbers) = (try data.tensor(), try list.tensor())
        guard images.dtype == .uint8, images.rank == 2, images.shape[1] == 3072, numbers.shape.dims == [images.shape[0]] else {
            throw KerasError(
                .malformed, "a batch of images has another shape", found: "\(images.shape) and \(numbers.shape)",
                expected: "(n, 3072) and (n,)")
        }
        return (try images.contiguous(), try numbers.scalars(as: UInt8.self))
    }

    /// The batches one after the other, channels last.
    private static func joined(_ parts: [(images: Tensor, labels: [UInt8])]) throws -> (x: Tensor, y: Tensor) {
        let count = parts.reduce(0) { $0 + $1.labels.count }
        let images = try Tensor(shape: [count, 32, 32, 3], as: UInt8.self) { target in
            var position = 0
            for part in parts {
                part.images.withUnsafeBytes { source in
                    for image in stride(from: 0, to: source.count, by: 3072) {
                        for pixel in 0..<1024 {
                            for channel in 0..<3 {
                                target[position] = source[image + channel * 1024 + pixel]
                                position += 1
                            }
                        }
                    }
                }
            }
        }
        return (images, try Tensor(parts.flatMap(\.labels), shape: [count, 1]))
    }
}
