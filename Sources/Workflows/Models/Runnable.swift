import Analyses
import Findings
import Foundation
import Graphs
import Networks
import Numbers
import ONNX
import Operators
import Semantics
import TensorFiles
import Tensors

/// A model as a graph that can be run, whichever file it came from.
struct Runnable: Sendable {
  /// An input or output of the model, and how files hold it.
  struct Port: Sendable {
    let name: String
    let value: Value
    let storedType: StoredType
    /// The type in the words of the model.
    let type: String
  }

  let graph: Graph
  let inputs: [Port]
  let outputs: [Port]
  let parameters: [Value]
  /// What parameters and constants hold.
  let contents: [Value: Tensor]
  /// Inputs that were given when the model was read.
  let given: [Value: Tensor]
  /// Formats that the model declares for nodes.
  let nodeFormats: [Int: NumberFormat]
  /// The nodes of the graph that a node of the model became, by its name.
  let nodes: [(name: String, type: String, range: Range<Int>)]
  let hasDoubles: Bool
  /// Fills an input that nothing was given for.
  let draw: @Sendable (Value, Tensor, UInt64) -> Void

  /// What graph nodes compute in the words of the model: the operator's type and the node's name.
  func place(ofNode number: Int) -> String? {
    words(forNode: number).map { "\($0.type) \($0.name)" }
  }

  /// The operator's type and the node's name in the words of the model.
  func words(forNode number: Int) -> (type: String, name: String)? {
    var (low, high) = (0, nodes.count)
    while low < high {
      let middle = (low + high) / 2
      if nodes[middle].range.upperBound <= number { low = middle + 1 } else { high = middle }
    }
    guard low < nodes.count, nodes[low].range.contains(number) else { return nil }
    return (nodes[low].type, nodes[low].name)
  }
}

extension Runnable {
  /// A network described in YAML, with its parameters drawn from the seed.
  init(_ description: NetworkDescription, batch: Int, seed: UInt64) throws {
    let network: LoweredNetwork
    do {
      network = try description.lowered(
        batch: batch, registry: .standard, activations: .standard)
    } catch {
      throw InputError(error.description)
    }
    graph = network.graph
    func port(_ name: String, _ value: Value) -> Port {
      let kind = network.graph.type(of: value).kind
      let stored: StoredType =
        switch kind {
        case .real: .float32
        case .integer: .int64
        case .boolean: .bool
        }
      return Port(name: name, value: value, storedType: stored, type: kind.rawValue)
    }
    let drawn = Dictionary(uniqueKeysWithValues: network.inputs.map { ($0.value, $0) })
    inputs = network.inputs.map { port($0.name, $0.value) }
    outputs = [port("output", network.output)]
    parameters = network.parameters.map(\.value)
    contents = Dictionary(
      uniqueKeysWithValues: network.parameters.map { parameter in
        let tensor = Tensor(zeros: parameter.shape, .float64)
        parameter.fill(tensor, seed: seed)
        return (parameter.value, tensor)
      })
    given = [:]
    nodeFormats = [:]
    nodes = network.layers.map {
      ($0.name, $0.operators.joined(separator: "+"), $0.nodes)
    }
    hasDoubles = false
    draw = { value, tensor, seed in drawn[value]?.fill(tensor, seed: seed) }
  }

  /// An imported ONNX model.
  init(_ model: ImportedModel, given tensors: [String: ImportOptions.Given]) {
    graph = model.graph
    func port(_ port: ImportedModel.Port) -> Port {
      let kind = model.graph.type(of: port.value).kind
      let fallback: StoredType =
        kind == .real ? .float32 : kind == .integer ? .int64 : .bool
      return Port(
        name: port.name, value: port.value, storedType: port.type.storedType ?? fallback,
        type: "\(port.type)")
    }
    inputs = model.inputs.map(port)
    outputs = model.outputs.map(port)
    parameters = model.parameters
    contents = model.contents
    var given: [Value: Tensor] = [:]
    for input in model.inputs {
      switch tensors[input.name] {
      case .tensor(let tensor): given[input.value] = tensor
      default:
        // One of a sequence.
        guard let slash = input.name.lastIndex(of: "/"),
          let number = Int(input.name[input.name.index(after: slash)...]),
          case .sequence(let list) = tensors[String(input.name[..<slash])],
          list.indices.contains(number)
        else { continue }
        given[input.value] = list[number]
      }
    }
    self.given = given
    nodeFormats = model.nodeFormats
    nodes = model.nodes.map { ($0.name, $0.type, $0.range) }
    hasDoubles = model.hasDoubles
    let limits = IndexLimits(model)
    let settings = model.graph.settings
    draw = { value, tensor, seed in
      let stream = RandomStream(seed: seed, name: model.graph.name(of: value))
      if settings.contains(value) { return tensor.fillSetting(from: stream) }
      switch tensor.elementType {
      case .float32: tensor.elements(as: Float.self).fillNormal(from: stream)
      case .float64: tensor.elements(as: Double.self).fillNormal(from: stream)
      case .int64:
        let elements = tensor.elements(as: Int64.self)
        let limit = limits.limit(of: value) ?? 2
        for i in elements.indices {
          elements[i] = Int64(stream.integer(at: i, below: max(1, limit)))
        }
      case .bool:
        let elements = tensor.elements(as: Bool.self)
        for i in elements.indices { elements[i] = true }
      }
    }
  }
}

extension Tensor {
  /// Fills a setting of the caller: evenly between a half and 1.
  fileprivate func fillSetting(from stream: RandomStream) {
    let number = 0.5 + stream.uniform(at: 0) / 2
    switch elementType {
    case .float32: for i in 0..<count { elements(as: Float.self)[i] = Float(number) }
    default: for i in 0..<count { elements(as: Double.self)[i] = number }
    }
  }
}

/// How large the integers of an input may be that name places of something.
struct IndexLimits: Sendable {
  private let graph: Graph
  private let known: [Value: Int]
  private let readers: [Value: [Int]]

  init(_ model: ImportedModel) {
    graph = model.graph
    known = model.indexLimits
    var readers: [Value: [Int]] = [:]
    for (number, node) in graph.nodes.enumerated() {
      for operand in node.operands where graph.type(of: operand).kind == .integer {
        readers[operand, default: []].append(number)
      }
    }
    self.readers = readers
  }

  /// The least extent of what the integers point into, followed through operators on integers.
  func limit(of input: Value) -> Int? {
    var (waiting, seen) = ([input], Set([input]))
    var least: Int?
    while let value = waiting.popLast() {
      if let limit = known[value] { least = min(least ?? limit, limit) }
      for number in readers[value] ?? [] {
        let node = graph.nodes[number]
        switch node.op {
        case let gather as Gather where node.operands[1] == value:
          let shape = graph.type(of: node.operands[0]).shape
          let extent = shape.axis(gather.axis).map { shape[$0] } ?? 1
          least = min(least ?? extent, extent)
        case is Take where node.operands[1] == value:
          let count = graph.type(of: node.operands[0]).shape.count
          least = min(least ?? count, count)
        case let oneHot as OneHot: least = min(least ?? oneHot.depth, oneHot.depth)
        default:
          for result in node.results
          where graph.type(of: result).kind == .integer && seen.insert(result).inserted {
            waiting.append(result)
          }
        }
      }
    }
    return least
  }
}
