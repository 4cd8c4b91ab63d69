// swift-tools-version: 6.2
import PackageDescription

// The rooms and who may import whom: docs/ARCHITECTURE.md. An arrow there is a dependency here, and nothing else is.

let package = Package(
    name: "swift-keras",
    products: [
        .library(name: "Keras", targets: ["Keras"]),
        .library(name: "NumPy", targets: ["NumPy"]),
        .executable(name: "keras", targets: ["KerasTool"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(name: "Tensors"),
        .target(name: "JSON", dependencies: ["Tensors"]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Storage", dependencies: ["Tensors", "CZlib"]),
        .target(name: "NumPy", dependencies: ["Tensors", "Storage"]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .target(name: "HDF5", dependencies: ["Tensors", "Storage", "CHDF5"]),
        .target(name: "KerasModel", dependencies: ["Tensors", "JSON"]),
        .target(
            name: "KerasFormat",
            dependencies: ["Tensors", "JSON", "Storage", "NumPy", "HDF5", "KerasModel"]),
        // -O3 so that a debug build, and with it the tests, runs the kernels at full speed: SwiftPM compiles C at -O0 there.
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
        .target(name: "KerasRuntime", dependencies: ["Tensors", "JSON", "KerasModel", "CKernels"]),
        .target(
            name: "Keras",
            dependencies: ["Tensors", "JSON", "Storage", "NumPy", "KerasModel", "KerasFormat", "KerasRuntime"]),
        .executableTarget(name: "MNISTDemo", dependencies: ["Keras"]),
        .executableTarget(name: "TrainDemo", dependencies: ["Keras"]),
        .executableTarget(
            name: "KerasTool",
            dependencies: [
                "Keras", "Tensors", "JSON", "Storage", "NumPy", "HDF5", "KerasModel", "KerasFormat", "KerasRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            // The peers' side of `keras bench --against`: an installed command has no folder beside it.
            resources: [.embedInCode("Peers/peer.py"), .embedInCode("Peers/twin.py")]),
        // How fast the kernels and whole models are: for those who work on them, hence no product.
        .executableTarget(
            name: "KerasBench",
            dependencies: [
                "Keras", "Tensors", "JSON", "Storage", "NumPy", "KerasModel", "KerasRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        // Plain C, so that it also runs where Swift does not: main.c is for that (.ci/cross).
        .target(name: "CKernelsChecks", dependencies: ["CKernels"], path: "Tests/CKernelsChecks", exclude: ["main.c"]),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "CKernelsChecks"]),
        .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "Tensors", "Storage", "JSON"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Tensors"]),
        .testTarget(name: "KerasRuntimeTests", dependencies: ["KerasRuntime", "KerasModel", "JSON", "Tensors", "CKernels"]),
        .target(name: "CountingAllocator", path: "Tests/CountingAllocator"),
        .testTarget(name: "KerasTests", dependencies: ["Keras", "KerasFormat", "KerasRuntime", "Storage", "CountingAllocator"]),
        .testTarget(name: "KerasFormatTests", dependencies: ["KerasFormat", "KerasModel", "HDF5", "Storage", "Tensors", "JSON"]),
        .testTarget(name: "KerasModelTests", dependencies: ["KerasModel", "KerasFormat", "Tensors", "JSON"]),
        .testTarget(name: "KerasBenchTests", dependencies: ["KerasBench", "KerasRuntime", "Tensors"]),
        .testTarget(name: "KerasToolTests", dependencies: ["KerasTool", "NumPy", "JSON", "Tensors"]),
        .testTarget(name: "NumPyTests", dependencies: ["NumPy", "Storage", "JSON", "Tensors", "CountingAllocator"]),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "Tensors"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "TutorialTests", dependencies: ["Keras", "Storage"]),
    ]
)
