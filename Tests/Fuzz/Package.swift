// swift-tools-version: 6.2
import PackageDescription

// Fuzzing, apart from the library: its rooms are compiled again, with coverage counted and under the address sanitizer. fuzz.sh builds it.

/// No fuzzer gets past a checksum: with this, HDF5's are set right as they are read, and ZIP's are not compared.
let fuzzing = Context.environment["FUZZ"] == nil ? [] : [SwiftSetting.define("FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION")]

func room(_ name: String, _ dependencies: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Rooms/\(name)", swiftSettings: fuzzing)
}

let rooms: [Target] = [
    .systemLibrary(name: "CZlib", path: "Rooms/CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CHDF5", path: "Rooms/CHDF5", pkgConfig: "hdf5"),
    room("Tensors"), room("JSON", ["Tensors"]), room("Storage", ["Tensors", "CZlib"]), room("NumPy", ["Tensors", "Storage"]),
    room("HDF5", ["Tensors", "Storage", "CHDF5"]),
]

let models: [Target] = [
    room("KerasModel", ["Tensors", "JSON"]),
    room("KerasFormat", ["Tensors", "JSON", "Storage", "NumPy", "HDF5", "KerasModel"]),
]

/// A target of libFuzzer, which brings `main`.
func fuzzer(_ name: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: "Fuzz\(name)", dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Targets/\(name)",
        swiftSettings: [.unsafeFlags(["-parse-as-library"])])
}

// `main` of the mutants' own cannot stand beside libFuzzer's.
let tests: [Target] =
    Context.environment["FUZZ"] == nil
    ? [
        .target(name: "Forks", path: "Targets/Forks"),
        .executableTarget(name: "Mutants", dependencies: ["HDF5", "Storage", "Tensors", "Forks"], path: "Targets/Mutants"),
    ]
    : models + [
        fuzzer("Doorman", ["HDF5", "Tensors"]), fuzzer("HDF5", ["HDF5", "Tensors"]), fuzzer("JSON", ["JSON", "Tensors"]),
        fuzzer("Config", ["JSON", "Tensors", "KerasFormat"]),
        fuzzer("NPY", ["NumPy", "Tensors"]), fuzzer("NPZ", ["NumPy", "Tensors"]), fuzzer("Pickle", ["NumPy", "Tensors"]),
        fuzzer("Keras", ["KerasFormat", "Tensors"]), fuzzer("Safetensors", ["KerasFormat", "Tensors"]),
    ]

let package = Package(name: "fuzz", targets: rooms + tests)
