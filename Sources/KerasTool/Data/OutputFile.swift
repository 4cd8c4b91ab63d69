import Keras

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Where a command's arrays go.
enum OutputFile {
    case npy(String)
    case npz(String)
    case csv(String)
    case idx(String)
    /// A table on standard output.
    case table

    /// Looks at the place before any work is done for it.
    ///
    /// - Throws: a `usage` problem for a name that says no format, `cannotCreate` if its folder is missing.
    init(_ path: String) throws {
        if path == "-" {
            self = .table
            return
        }
        switch path {
        case _ where path.hasSuffix(".npy"): self = .npy(path)
        case _ where path.hasSuffix(".npz"): self = .npz(path)
        case _ where path.hasSuffix(".csv"): self = .csv(path)
        case _ where OutputFile.namesIDX(path): self = .idx(path)
        default:
            throw KerasError(
                .usage, "the output's name does not say its format", at: Place(file: path),
                expected: "a name ending in .npy or .npz, .csv or -ubyte, or -")
        }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw KerasError(.cannotCreate, "the output's folder does not exist", at: Place(file: path), found: "no folder '\(folder)'")
        }
    }

    /// `train-images-idx3-ubyte`, `x.idx`, and the same with `.gz` behind it.
    private static func namesIDX(_ path: String) -> Bool {
        let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
        return name.hasSuffix("-ubyte") || name.hasSuffix(".idx")
            || name.wholeMatch(of: /.*-idx[0-9](-[a-z0-9]+)?/.dotMatchesNewlines()) != nil
    }

    /// True for a file of arrays, by its name.
    static func namesArrays(_ path: String) -> Bool {
        [".npy", ".npz", ".csv"].contains(where: path.hasSuffix) || namesIDX(path)
    }

    /// - Throws: a `usage` problem if so many arrays do not go into such a file.
    func check(count: Int, of whose: String = "the model has", _ noun: String = "outputs") throws {
        guard count != 1 else { return }
        let path: String
        switch self {
        case .npy(let name), .csv(let name), .idx(let name): path = name
        case .npz, .table: return
        }
        let kind = if case .npy = self { "a .npy" } else { "such a file" }
        throw KerasError(
            .usage, "\(whose) \(count) \(noun), and \(kind) holds one", at: Place(file: path), expected: "a name ending in .npz")
    }

    /// Writes them all or nothing.
    ///
    /// - Throws: `cannotCreate` and `io` problems; what stood there is then as it was.
    func write(_ arrays: [(name: String, tensor: Tensor)], compressed: Bool = false) throws {
        // numpy has no bfloat16; float32 holds its every value.
        let arrays = try arrays.map { ($0.name, $0.tensor.dtype == .bfloat16 ? try $0.tensor.converted(to: .float32) : $0.tensor) }
        switch self {
        case .npy(let path): try NPY.save(arrays[0].1, to: path)
        case .npz(let path): try NPZ.save(arrays, to: path, compressed: compressed)
        case .csv(let path): try CSV.save(arrays[0].1, to: path)
        case .idx(let path): try IDX.save(arrays[0].1, to: path)
        case .table: for (name, tensor) in arrays { Terminal.write(try ArrayTable(name, tensor).text) }
        }
    }
}
