// swift-tools-version: 6.2
import PackageDescription

// The layers, bottom to top. `cluster/check-layers` holds the table of who may import whom and fails on anything else;
// docs/architecture.md shows it as a picture.

/// C kernels are optimised in debug builds too, so that a debug test run takes minutes rather than hours.
let optimisedC: [CSetting] = [.unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off"])]

let swiftSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], linker: [LinkerSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings, linkerSettings: linker)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: swiftSettings)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "lockstep",
    products: [
        .executable(name: "lockstep", targets: ["LockstepCommand"]),
        .library(name: "Lockstep", targets: ["Lockstep"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // MARK: - Numbers
        .target(name: "CKernels", cSettings: optimisedC, linkerSettings: [.linkedLibrary("m")]),
        library("Kernels", ["CKernels"], linker: [.linkedLibrary("m")]),
        library("TensorCore", ["Kernels"]),
        library("Graphs", ["TensorCore", "Kernels"]),
        library("Networks", ["Graphs", "TensorCore", "Kernels"]),
        library("Optimizers", ["TensorCore", "Kernels"]),

        // MARK: - Data and files
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        library("Formats", ["TensorCore", "CZlib"]),
        .target(name: "BundledData", exclude: ["ATTRIBUTION.md", "make_digits.py", "data"]),
        library("DataPipeline", ["Formats", "BundledData", "TensorCore", "Kernels", crypto]),

        // MARK: - Decisions
        library("Quality"),

        // MARK: - Ranks
        library("Collectives"),
        .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
        .target(name: "CMPIShim", dependencies: ["COpenMPI"]),
        library("MessagePassing", ["Collectives", "CMPIShim", "COpenMPI"]),
        library("DataParallel", ["Graphs", "Optimizers", "Collectives", "TensorCore", "Kernels"]),
        library("Checkpoints", ["Formats", "Quality", "Collectives", "TensorCore", crypto]),

        // MARK: - A run
        library(
            "Recipes",
            [
                "Networks", "Graphs", "Optimizers", "DataPipeline", "TensorCore", "Kernels", "Quality", crypto,
                .product(name: "Yams", package: "Yams"),
            ]),
        library(
            "Inference",
            ["Recipes", "Checkpoints", "Networks", "Graphs", "TensorCore", "Kernels", "DataPipeline", "Formats", "Quality", "Collectives"]),
        library(
            "Training",
            [
                "Inference", "Recipes", "DataParallel", "Checkpoints", "Networks", "Graphs", "TensorCore", "Kernels", "Optimizers",
                "DataPipeline", "Formats", "Quality", "Collectives", crypto, logging,
            ]),
        .target(name: "CSignals"),
        library("Launching", ["CSignals"]),
        library("Lockstep", ["Training", "Inference", "MessagePassing"]),
        .executableTarget(
            name: "LockstepCommand",
            dependencies: [
                "Lockstep", "Launching", "Training", "Inference", "Recipes", "MessagePassing", "Collectives",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        // MARK: - Tests
        .target(name: "TestSupport", dependencies: ["Collectives"], path: "Tests/TestSupport", swiftSettings: swiftSettings),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .executableTarget(
            name: "CollectivesProbe", dependencies: ["MessagePassing", "Collectives", "Launching", "TestSupport"],
            path: "Tests/CollectivesProbe",
            swiftSettings: swiftSettings),
        tests("KernelsTests", ["Kernels"]),
        tests("TensorCoreTests", ["TensorCore"]),
        tests("GraphsTests", ["Graphs", "Networks", "Optimizers", "TensorCore", "Kernels", "CAllocationCounter"]),
        tests("NetworksTests", ["Networks", "Graphs", "Optimizers", "Formats", "TensorCore", "Kernels"]),
        tests("OptimizersTests", ["Optimizers", "TensorCore", "Kernels", "CAllocationCounter"]),
        tests("FormatsTests", ["Formats", "TensorCore"]),
        tests("DataPipelineTests", ["DataPipeline", "Formats", "TensorCore", "Kernels", "CAllocationCounter"]),
        tests("QualityTests", ["Quality", "CAllocationCounter"]),
        tests("CollectivesTests", ["Collectives", "MessagePassing"]),
        tests("CheckpointsTests", ["Checkpoints", "Formats", "Quality", "Collectives", "TensorCore"]),
        tests("RecipesTests", ["Recipes", "Networks", "Optimizers", "DataPipeline", "Quality"]),
        tests("LaunchingTests", ["Launching"]),
        tests("DataParallelTests", ["DataParallel", "Collectives", "TensorCore", "Graphs", "Networks"]),
        tests(
            "TrainingTests",
            [
                "Training", "Inference", "Recipes", "Quality", "Collectives", "Checkpoints", "Networks", "Formats", "TensorCore", "Kernels",
                "DataPipeline", "CAllocationCounter",
            ]),
        tests("LockstepTests", ["Lockstep"]),
        // Spawns mpirun and the built command.
        tests("MultiRankTests", []),
    ]
)
