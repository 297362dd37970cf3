import Execution
import Experiments
import Findings
import Foundation
import Graphs
import Networks
import ONNX
import Operators
import Runs
import Samples
import Semantics
import TensorFiles
import Tensors
import Training

/// A reader of files, what it is given, and how that is changed.
struct Reader: Sendable {
  let name: String
  /// How the files end that it is given.
  let ending: String
  let seeds: @Sendable () throws -> [[UInt8]]
  let mutate: @Sendable ([UInt8], inout Draws) -> [UInt8]
  /// Reads a file as far as the commands do.
  let read: @Sendable (String) throws -> Void

  static let all = [
    Reader(
      name: "ONNX, bytes", ending: "onnx", seeds: Seeds.models, mutate: Mutation.bytes,
      read: model),
    Reader(
      name: "ONNX, numbers", ending: "onnx", seeds: Seeds.models, mutate: ModelMutation.numbers,
      read: model),
    Reader(
      name: "networks", ending: "yaml", seeds: { try Seeds.files("Examples", "yaml") },
      mutate: Mutation.text, read: network),
    Reader(
      name: "experiments", ending: "yaml", seeds: Seeds.experiments, mutate: Mutation.text,
      read: experiment),
    Reader(
      name: "CSV", ending: "csv", seeds: { try Seeds.files("Tests/SamplesTests/Data", "csv") },
      mutate: Mutation.text,
      read: { path in
        _ = try Dataset(csv: path)
        _ = try Dataset(csv: path, CSVFormat(target: .reals([.number(-1)])))
      }),
    Reader(
      name: "npy", ending: "npy", seeds: { try Seeds.files("Tests/TensorFilesTests/Data", "npy") },
      mutate: { $1.below(2) == 0 ? Mutation.bytes($0, &$1) : Mutation.header($0, &$1) },
      read: { _ = try NpyFile($0).tensor() }),
    Reader(
      name: "IDX", ending: "idx", seeds: { try Seeds.files("Tests/SamplesTests/Data", "idx") },
      mutate: Mutation.bytes, read: { _ = try IDXFile($0).tensor() }),
    Reader(
      name: "safetensors", ending: "safetensors",
      seeds: { try Seeds.files("Tests/TensorFilesTests/Data", "safetensors") },
      mutate: { $1.below(2) == 0 ? Mutation.bytes($0, &$1) : Mutation.header($0, &$1) },
      read: { path in
        let file = try SafetensorsFile(path)
        for entry in file.entries { _ = try file.tensor(entry.name) }
      }),
    Reader(
      name: "runs", ending: "run", seeds: Seeds.runs, mutate: Mutation.bytes,
      read: { path in
        let file = try RunFile(path)
        _ = (try file.records(), try file.evaluations(), try file.findings())
        _ = try file.snapshot()
      }),
  ]

  /// Imports a model, and differentiates and runs it where it is small.
  private static func model(_ path: String) throws {
    let model = try ImportedModel(ModelFile(contentsOf: path))
    var graph = model.graph
    guard small(graph) else { return }
    guard let output = model.outputs.first(where: { graph.type(of: $0.value).kind == .real })
    else { return }
    let seed = graph.addInput("cotangent", graph.type(of: output.value))
    _ = try graph.differentiate(
      [(output.value, seed)], withRespectTo: graph.inputs, adding: { Add() })
    try run(graph, keeping: output.value, contents: model.contents)
  }

  /// Writes a network's graph, and runs it where it is small.
  private static func network(_ path: String) throws {
    let network = try NetworkDescription(contentsOf: path, activations: .standard)
      .lowered(batch: 2, registry: .standard, activations: .standard)
    guard small(network.graph) else { return }
    var contents: [Value: Tensor] = [:]
    for parameter in network.parameters {
      let tensor = Tensor(zeros: parameter.shape, .float64)
      parameter.fill(tensor, seed: 0)
      contents[parameter.value] = tensor
    }
    try run(network.graph, keeping: network.output, contents: contents)
  }

  /// Reads an experiment with its data.
  private static func experiment(_ path: String) throws {
    let experiment = try Experiment(contentsOf: path)
    _ = try experiment.samples()
    _ = try experiment.network.lowered(
      batch: experiment.training.batch, registry: .standard, activations: .standard)
  }

  private static func small(_ graph: Graph) -> Bool {
    graph.types.reduce(0) { $0 + min($1.shape.count, 1 << 30) } <= 1 << 17
      && graph.nodes.count <= 4096
  }

  private static func run(_ graph: Graph, keeping value: Value, contents: [Value: Tensor]) throws {
    let plan = try Plan<Double>(graph, keeping: [value])
    for (value, tensor) in contents {
      let target = plan[value]
      if target.elementType == tensor.elementType {
        target.copyBytes(from: tensor)
      } else {
        let elements = target.elements(as: Double.self)
        for (place, number) in tensor.doubles.enumerated() { elements[place] = number }
      }
    }
    plan.run()
  }

  /// Whether an error is one that the command tells in a line.
  static func isTold(_ error: any Error) -> Bool {
    switch error {
    case is ModelError, is OperatorError, is NetworkError, is InputError, is DataError,
      is RunError, is MemoryError:
      !"\(error)".contains("\n")
    default: false
    }
  }
}
