// swift-tools-version: 6.3

import PackageDescription

/// Settings shared by every Swift target, so that no target drifts from the others.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A room of the house: a target, what it may import, and whether it has tests.
///
/// Rooms stand in an order in which each imports only rooms above it. The build refuses an
/// import that is not listed here (`--explicit-target-dependency-import-check error`).
struct Room {
  let name: String
  let imports: [Target.Dependency]
  /// What the tests import besides the room itself.
  var testImports: [Target.Dependency] = []
  /// Whether the tests have reference values in a folder called Data.
  var hasTestData = false
}

extension Target.Dependency {
  static let numerics = Target.Dependency.product(name: "RealModule", package: "swift-numerics")
  static let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
  static let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
  static let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
  static let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
  static let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
}

/// The C targets: our vector kernels, and the libraries that multiply matrices.
let cTargets: [Target] = [
  .target(name: "CKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
  .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
  .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
  .target(
    name: "CProducts",
    dependencies: [
      .target(name: "COneDNN", condition: .when(platforms: [.linux])),
      .target(name: "COpenBLAS", condition: .when(platforms: [.linux])),
    ],
    linkerSettings: [
      .linkedLibrary("dnnl", .when(platforms: [.linux])),
      .linkedLibrary("openblas", .when(platforms: [.linux])),
      .linkedFramework("Accelerate", .when(platforms: [.macOS])),
    ]),
  .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
]

/// The messages of ONNX, written by protoc and never by hand (Scripts/generate-onnx-messages).
let onnxMessages = Target.target(name: "ONNXMessages", dependencies: [.protobuf])

let rooms: [Room] = [
  Room(
    name: "Numbers", imports: ["CKernels", .numerics], testImports: ["CKernels"], hasTestData: true),
  Room(name: "Findings", imports: [.numerics]),
  Room(
    name: "Tensors", imports: ["Findings", "Numbers", "CKernels", "CProducts", .numerics],
    testImports: ["Numbers", "CKernels", .numerics]),
  Room(
    name: "TensorFiles", imports: ["Tensors", "Numbers", "CKernels"],
    testImports: ["Tensors", "Numbers"], hasTestData: true),
  Room(
    name: "Samples", imports: ["TensorFiles", "Tensors", "Numbers", .numerics],
    testImports: ["TensorFiles", "Tensors", "Numbers", "CAllocationCounter"], hasTestData: true),
  Room(
    name: "Semantics", imports: ["Tensors", "Numbers", .numerics],
    testImports: ["Numbers", .numerics]),
  Room(
    name: "Operators", imports: ["Semantics", "Tensors", "Numbers", "Findings", .numerics],
    testImports: ["Graphs", "Execution", "Semantics", "Tensors", "Numbers"], hasTestData: true),
  Room(
    name: "Graphs", imports: ["Semantics", "Tensors"],
    testImports: ["Operators", "Semantics", "Tensors", "Numbers", .numerics]),
  Room(
    name: "Execution", imports: ["Graphs", "Semantics", "Tensors", "Numbers"],
    testImports: ["Operators", "Graphs", "Semantics", "Tensors", "Numbers", "CAllocationCounter"]),
  Room(
    name: "Networks",
    imports: ["Execution", "Graphs", "Semantics", "Tensors", "Numbers", "Theory", .yaml],
    testImports: ["Operators", "Execution", "Graphs", "Semantics", "Tensors", "Numbers", "Theory"],
    hasTestData: true),
  Room(
    name: "Theory", imports: ["Semantics", "Numbers", .numerics],
    testImports: ["Operators", "Numbers", "Semantics"], hasTestData: true),
  Room(
    name: "ONNX",
    imports: [
      "ONNXMessages", "Operators", "Graphs", "Semantics", "Tensors", "TensorFiles", "Numbers",
      .protobuf,
    ],
    testImports: [
      "ONNXMessages", "Analyses", "Operators", "Execution", "Graphs", "Semantics", "Tensors",
      "TensorFiles", "Numbers", .protobuf,
    ], hasTestData: true),
  Room(
    name: "Training",
    imports: [
      "Operators", "Execution", "Networks", "Samples", "TensorFiles", "Graphs", "Semantics",
      "Tensors", "Numbers", "Findings", .numerics,
    ],
    testImports: [
      "Operators", "Execution", "Networks", "Samples", "TensorFiles", "Graphs", "Semantics",
      "Tensors", "Numbers", "Findings", "CAllocationCounter", .numerics,
    ], hasTestData: true),
  Room(
    name: "Analyses",
    imports: [
      "Execution", "Networks", "Theory", "Graphs", "Semantics", "Tensors", "Numbers", "Findings",
      .numerics,
    ],
    testImports: [
      "Operators", "Execution", "Networks", "Theory", "Graphs", "Semantics", "Tensors", "Numbers",
      "Findings", "CoverageBench",
    ], hasTestData: true),
  Room(
    name: "Watching", imports: ["Findings", "Numbers", .numerics],
    testImports: ["Findings", "Numbers", "CAllocationCounter", .numerics], hasTestData: true),
  Room(
    name: "Experiments",
    imports: [
      "Training", "Watching", "Samples", "TensorFiles", "Operators", "Networks", "Tensors",
      "Numbers", "Findings",
    ],
    testImports: ["Training", "Watching", "Samples", "Networks", "Tensors", "Numbers", "Findings"]),
  Room(
    name: "Trials",
    imports: [
      "Experiments", "Training", "Watching", "Samples", "Networks", "Graphs", "Semantics",
      "Tensors", "Numbers", "Findings", .numerics,
    ],
    testImports: [
      "Experiments", "Training", "Watching", "Samples", "Networks", "Tensors", "Findings",
    ]),
  Room(
    name: "Remedies",
    imports: [
      "Trials", "Experiments", "Training", "Samples", "Networks", "ONNX", "ONNXMessages",
      "Operators", "Graphs", "Semantics", "Tensors", "Numbers", "Findings", .numerics,
    ],
    testImports: [
      "Trials", "Experiments", "Training", "Samples", "Execution", "ONNX", "ONNXMessages",
      "Operators",
      "Networks", "Findings", "Graphs", "Semantics", "Tensors", "Numbers", .protobuf,
    ]),
  Room(
    name: "Diagnoses",
    imports: [
      "Remedies", "Trials", "Experiments", "Training", "Watching", "Samples", "Networks",
      "Semantics",
      "Tensors", "Numbers", "Findings", .numerics,
    ],
    testImports: ["Experiments", "Trials", "Training", "Samples", "Tensors", "Findings"]),
  Room(
    name: "Repairs",
    imports: [
      "Diagnoses", "Remedies", "Trials", "Experiments", "Training", "Numbers", "Findings",
    ],
    testImports: ["Experiments", "Trials", "Training", "Findings"]),
  Room(
    name: "Runs",
    imports: ["Training", "Watching", "TensorFiles", "Tensors", "Findings", .database],
    testImports: [
      "RunKillHelper", "Experiments", "Training", "Trials", "Watching", "Tensors", "Numbers",
      "Findings", "CAllocationCounter", .database,
    ], hasTestData: true),
  Room(name: "Reports", imports: ["Findings", .numerics], testImports: ["Findings"]),
  Room(
    name: "Workflows",
    imports: [
      "Repairs", "Diagnoses", "Remedies", "Reports", "Runs", "Trials", "Experiments", "Training",
      "Watching",
      "Samples",
      "Analyses", "Theory", "ONNX", "TensorFiles", "Networks", "Execution", "Operators", "Graphs",
      "Semantics", "Tensors", "Numbers", "Findings", .logging,
    ],
    testImports: ["Reports", "Findings", .logging]),
  Room(
    name: "Evenkeel",
    imports: [
      "Workflows", "Repairs", "Diagnoses", "Trials", "Experiments", "Training", "Watching",
      "Samples", "Networks", "Operators", "Theory", "Findings", "Reports", "Numbers",
    ]),
]

let package = Package(
  name: "evenkeel",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Evenkeel", targets: ["Evenkeel"]),
    .executable(name: "evenkeel", targets: ["EvenkeelCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: cTargets + [onnxMessages]
    + rooms.map { room in
      .target(
        name: room.name, dependencies: room.imports, swiftSettings: settings)
    }
    + rooms.map { room in
      .testTarget(
        name: room.name + "Tests",
        dependencies: [.target(name: room.name)] + room.testImports,
        exclude: room.hasTestData ? ["Data"] : [],
        swiftSettings: settings)
    }
    + [
      .executableTarget(
        name: "EvenkeelCommand",
        dependencies: [
          "Workflows", "Reports", "Trials", "Watching", "Training", "Findings", .arguments,
          .logging,
        ],
        swiftSettings: settings),
      .executableTarget(
        name: "StepBench",
        dependencies: [
          "Analyses", "Training", "Networks", "Operators", "Semantics", "Tensors", "Numbers",
        ],
        path: "Benchmarks/StepBench", swiftSettings: settings),
      .executableTarget(
        name: "BoundsBench",
        dependencies: [
          "Analyses", "ONNX", "Operators", "Graphs", "Semantics", "Tensors", "TensorFiles",
          "Numbers",
        ],
        path: "Benchmarks/BoundsBench", swiftSettings: settings),
      .executableTarget(
        name: "CoverageBench",
        dependencies: ["Analyses", "Networks", "Operators", "Semantics", "Tensors"],
        path: "Benchmarks/CoverageBench", swiftSettings: settings),
      .executableTarget(
        name: "RunKillHelper", dependencies: ["Runs", "Findings"], path: "Tests/RunKillHelper",
        swiftSettings: settings),
      .testTarget(
        name: "FuzzTests",
        dependencies: [
          "Execution", "Experiments", "Findings", "Graphs", "Networks", "ONNX", "ONNXMessages",
          "Operators", "Runs", "Samples", "Semantics", "TensorFiles", "Tensors", "Training",
          "Numbers", .protobuf,
        ], swiftSettings: settings),
      .testTarget(
        name: "CasesTests", dependencies: ["EvenkeelCommand", .yaml], exclude: ["Data"],
        swiftSettings: settings),
      .testTarget(
        name: "EvenkeelCommandTests",
        dependencies: [
          "EvenkeelCommand", "Runs", "Training", "ONNX", "ONNXMessages", "Findings", "Tensors",
          .protobuf,
        ],
        exclude: ["Data"], swiftSettings: settings),
    ]
)
