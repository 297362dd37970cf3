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
    let drawing = InputDrawing(model)
    draw = { value, tensor, seed in drawing.fill(value, tensor, seed: seed) }
  }
}
