import Execution
public import Findings
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import TensorFiles
import Tensors

/// What a caller asks of a run.
public struct RunRequest: Sendable {
  public var model: ModelRequest
  /// The safetensors file to write.
  public var outputs: String?
  public var wantsGradients = false
  /// A safetensors file with the cotangents of outputs; those that it lacks are ones.
  public var cotangents: String?
  /// The number format of every node; nil for what the model declares.
  public var format: String?
  /// `NAME=FORMAT` for single nodes.
  public var nodeFormats: [String] = []
  /// Whether every tensor is compared with the same in doubles.
  public var comparesWithDoubles = false
  public var seed: UInt64 = 0
  public var threads: Int?

  public init(path: String) { model = ModelRequest(path: path) }
}

/// `evenkeel run`: outputs of a model, and gradients, on given or random inputs.
public struct RunWorkflow {
  private let request: RunRequest

  public init(_ request: RunRequest) { self.request = request }

  /// Runs the model, and writes what it computed if asked to.
  ///
  /// - Throws: ``InputError`` for a bad file or option.
  public func run() throws -> RunReport {
    try MemoryLimit.telling(request.model.path) { try work() }
  }

  private func work() throws -> RunReport {
    if let threads = request.threads {
      guard threads >= 1 else { throw InputError("--threads \(threads): must be at least 1") }
      Threads.count = threads
    }
    if request.cotangents != nil, !request.wantsGradients {
      throw InputError("--cotangents goes with --gradients")
    }
    let runnable = try load()
    let formats = try formats(runnable)
    let computation: Computation
    do {
      computation = try Computation(runnable, request: request)
    } catch let error as OperatorError {
      throw InputError(file: request.model.path, "\(error); run it without --gradients")
    }
    let usesDoubles = request.format == "fp64" || (request.format == nil && runnable.hasDoubles)
    return usesDoubles
      ? try report(try Evaluation<Double>(computation, formats), runnable, computation, formats)
      : try report(try Evaluation<Float>(computation, formats), runnable, computation, formats)
  }

  private func load() throws -> Runnable {
    try ForeignFile.refuse(request.model.path, wanted: .model)
    guard request.model.isONNX else {
      for (texts, option) in [
        (request.model.shapes, "--shape"), (request.model.dimensions, "--dim"),
      ]
      where !texts.isEmpty {
        throw InputError("\(option) is for ONNX models; a YAML network says its shape itself")
      }
      let description = try ModelLoading.description(request.model.path)
      return try Runnable(description, batch: request.model.batch ?? 8, seed: request.seed)
    }
    let (model, given) = try ModelLoading.model(request.model, batch: 1)
    return Runnable(model, given: given)
  }

  /// The format of all nodes, and those of single ones.
  private func formats(_ runnable: Runnable) throws -> NodeFormats {
    var result = NodeFormats(all: nil, single: runnable.nodeFormats)
    if let name = request.format {
      let format = try NumberFormat.named(name, byOption: "--format \(name)")
      result.all = format == .fp64 || format == .fp32 ? nil : format
      // What the model stores in eight bits or fewer stays so.
      result.single = runnable.nodeFormats.filter { $0.value.bitCount <= 8 }
    }
    for text in request.nodeFormats {
      guard let place = text.lastIndex(of: "=") else {
        throw InputError("--node-format \(text): write NAME=FORMAT")
      }
      let name = String(text[..<place])
      let format = try NumberFormat.named(
        String(text[text.index(after: place)...]), byOption: "--node-format \(text)")
      let matching = runnable.nodes.filter { $0.name == name }
      guard !matching.isEmpty else {
        let known = runnable.nodes.prefix(6).map(\.name).joined(separator: ", ")
        throw InputError("--node-format \(text): there is no node \(name); the first are \(known)")
      }
      for node in matching { for number in node.range { result.single[number] = format } }
    }
    return result
  }

  // MARK: The report

  private func report<T: Scalar>(
    _ evaluation: Evaluation<T>, _ runnable: Runnable, _ computation: Computation,
    _ formats: NodeFormats
  ) throws -> RunReport {
    let comparison = try evaluation.run(
      request.comparesWithDoubles ? runnable : nil, unitRoundoff: formats.unitRoundoff(T.self))
    if let path = request.outputs {
      do {
        try SafetensorsFile.write(
          evaluation.items(
            runnable, computation, keepsDoubles: request.format == "fp64"), to: path)
      } catch {
        throw InputError(error.description)
      }
    }
    func entry(_ name: String, _ type: String, _ tensor: Tensor) -> RunReport.Entry {
      RunReport.Entry(
        name: name, type: type, shape: tensor.shape.extents, statistics: tensor.statistics)
    }
    let plan = evaluation.plan
    return RunReport(
      path: request.model.path,
      format: request.format ?? (T.elementType == .float64 ? "fp64" : "fp32"), seed: request.seed,
      parameters: runnable.parameters.reduce(0) { $0 + runnable.graph.type(of: $1).shape.count },
      drawn: runnable.inputs.filter {
        runnable.given[$0.value] == nil && computation.file[$0.name] == nil
      }
      .map(\.name),
      inputs: runnable.inputs.map { entry($0.name, $0.type, plan[$0.value]) },
      outputs: runnable.outputs.map { entry($0.name, $0.type, plan[$0.value]) },
      gradients: computation.gradients.map {
        entry("grad/\($0.name)", "float", evaluation.gradient($0))
      },
      comparison: comparison, findings: evaluation.findings(runnable))
  }
}

/// Formats of the nodes of a plan.
struct NodeFormats {
  var all: NumberFormat?
  var single: [Int: NumberFormat]

  func unitRoundoff<T: Scalar>(_: T.Type) -> Double {
    let native: NumberFormat = T.elementType == .float64 ? .fp64 : .fp32
    return max(all?.unitRoundoff ?? 0, native.unitRoundoff)
  }
}

extension Tensor {
  /// Of reals; nil for others.
  fileprivate var statistics: RunReport.Statistics? {
    let summary: Summary
    switch elementType {
    case .float32: summary = Summary(of: elements(as: Float.self))
    case .float64: summary = Summary(of: elements(as: Double.self))
    default: return nil
    }
    return RunReport.Statistics(
      mean: summary.mean, secondMoment: summary.secondMoment, minimum: summary.minimum,
      maximum: summary.maximum, nonFinite: summary.nonFinite)
  }
}
