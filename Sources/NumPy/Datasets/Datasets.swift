internal import Storage
public import Tensors

/// The data sets of `keras.datasets`, out of the files that Keras itself keeps:
///
///     let ((xTrain, yTrain), (xTest, yTest)) = try Datasets.mnist()
///
/// Nothing is downloaded. A data set is looked for where Keras puts it, `$KERAS_HOME/datasets` or `~/.keras/datasets`, and where Debian's packages
/// do; its checksums must be the known ones. Elements are `uint8`, as Keras gives them.
public enum Datasets {
    /// Samples with their labels, for training and for testing.
    public typealias Splits = (train: (x: Tensor, y: Tensor), test: (x: Tensor, y: Tensor))

    /// A data set as its maker published it.
    struct Source {
        let name: String
        /// Where a person gets it.
        let origin: String
        /// What Python says to get it into Keras's cache.
        let module: String

        func missing(_ places: [String]) -> KerasError {
            KerasError(
                .noInput, "the data set \(name) is not on this machine", found: "nothing at \(places.joined(separator: " or "))",
                expected: "a file from \(origin), or what keras.datasets.\(module).load_data() leaves there")
        }

        func check(_ found: String, _ expected: String) throws {
            guard found == expected else {
                throw KerasError(
                    .malformed, "the file is not the data set \(name), or damaged", found: "MD5 \(found)",
                    expected: "\(expected), from \(origin)")
            }
        }
    }

    /// Keras's cache: `$KERAS_HOME`, or `.keras` in the home folder.
    static func cache(_ path: String) -> String {
        let home = Environment.variable("KERAS_HOME") ?? (Environment.variable("HOME") ?? "") + "/.keras"
        return "\(home)/datasets/\(path)"
    }
}
