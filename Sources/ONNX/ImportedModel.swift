public import Graphs
public import Numbers
import ONNXMessages
public import Semantics
public import Tensors

/// One node of the file, and what it became.
public struct ModelNode: Sendable {
  /// The node's name, or that of its first output.
  public let name: String
  /// Its operator type.
  public let type: String
  /// Where it stands in the network, as far as names tell.
  public let scope: String
  /// The nodes of the graph that compute it, before dead nodes are removed.
  public let range: Range<Int>
  let weights: [String]
}

/// A model as a graph with contents of its parameters.
public struct ImportedModel: Sendable {
  /// An input or output of the file.
  public struct Port: Sendable {
    public let name: String
    public let value: Value
    public let type: DataType
  }

  public let path: String
  public let graph: Graph
  /// What parameters and constants hold: floats, doubles, integers or booleans.
  public let contents: [Value: Tensor]
  /// Parameters of the graph that are constants of the model.
  public let constants: Set<Value>
  public let inputs: [Port]
  public let outputs: [Port]
  /// Formats narrower than fp32 that the file declares, by the number of the node.
  public let nodeFormats: [Int: NumberFormat]
  /// How many places there are of what integers name, where nodes of the file say so.
  public let indexLimits: [Value: Int]
  /// Whether the file computes in doubles.
  public let hasDoubles: Bool
  public let nodes: [ModelNode]
  /// The innermost node of the file that each node of the graph came from.
  package let origins: [Int: ModelPlace]
  /// Types of the values of the file, as far as one was imported.
  package let types: [ModelPlace: ModelType]
  /// Inputs whose contents decided shapes, so that the graph holds for these contents alone.
  public let specialised: [String]

  /// Real initializers that the outputs depend on.
  public var parameters: [Value] {
    graph.parameters.filter { !constants.contains($0) && graph.type(of: $0).kind == .real }
  }

  /// The number of scalar parameters.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + graph.type(of: $1).shape.count }
  }

  /// Imports a file.
  ///
  /// Where a shape depends on what an input holds, the graph is made for the contents that
  /// `options` give: what they come to at that place is computed while importing, and the nodes that
  /// compute it stay, so that everything else has its gradients.
  ///
  /// - Throws: ``ModelError`` with the node and the tensor.
  public init(_ file: ModelFile, _ options: ImportOptions = ImportOptions()) throws {
    do {
      let importer = try Importer(file, options)
      do {
        try self.init(file, importer)
      } catch let needed as ContentsNeeded {
        let names = importer.builder.inputsNotGiven(for: needed.value).map(\.quotedName)
        throw ModelError(
          .needsContents,
          "a shape, or which nodes run, depends on what \(names.joined(separator: ", ")) holds",
          cure: "give it with --inputs")
      }
    } catch var error as ModelError {
      if error.file == nil { error.file = file.path }
      throw error
    }
  }

  private init(_ file: ModelFile, _ importer: Importer) throws {
    let message = file.message.graph
    let builder = importer.builder
    var frame = Importer.Frame(opsets: try Importer.opsets(file.message.opsetImport))
    try importer.addInitializers(of: message, to: &frame)
    try importer.addInputs(of: message, to: &frame)
    try importer.run(message.node, in: &frame)
    var outputs: [Port] = []
    for output in message.output {
      guard let item = frame.items[output.name] else {
        throw ModelError.invalid("nothing computes the output \(output.name.quotedName)")
      }
      switch item {
      case .tensor(let operand):
        outputs.append(
          Port(name: output.name, value: try builder.value(operand), type: operand.type))
      case .sequence(let operands, _):
        for (number, operand) in operands.enumerated() {
          outputs.append(
            Port(
              name: "\(output.name)/\(number)", value: try builder.value(operand),
              type: operand.type))
        }
      case .nothing: break
      }
    }
    guard !outputs.isEmpty || !message.output.isEmpty else {
      throw ModelError.invalid("the model has no output")
    }
    path = file.path
    let graph = builder.graph
    let pruned = graph.pruned(keeping: outputs.map(\.value))
    self.graph = pruned.graph
    func moved(_ value: Value) throws -> Value {
      guard let new = pruned[value] else { throw ModelError.invalid("a value was lost") }
      return new
    }
    contents = Dictionary(
      uniqueKeysWithValues: try builder.contents.map { (try moved($0), $1) })
    constants = Set(try builder.constants.map(moved))
    self.outputs = try outputs.map {
      Port(name: $0.name, value: try moved($0.value), type: $0.type)
    }
    inputs = try importer.ports.map {
      Port(name: $0.name, value: try moved($0.value), type: $0.type)
    }
    hasDoubles = builder.hasDoubles
    specialised = builder.decisive.sorted()
    indexLimits = Dictionary(
      builder.indexLimits.compactMap { value, limit in pruned[value].map { ($0, limit) } },
      uniquingKeysWith: min)
    var formats: [Int: NumberFormat] = [:]
    for (value, format) in builder.formats {
      if let new = pruned[value], case .node(let number, _) = pruned.graph.source(of: new) {
        formats[number] = format
      }
    }
    nodeFormats = formats
    types = importer.types
    var origins: [Int: ModelPlace] = [:]
    for (node, origin) in zip(graph.nodes, importer.origins) {
      guard let origin, let value = node.results.first, let new = pruned[value],
        case .node(let number, _) = pruned.graph.source(of: new)
      else { continue }
      origins[number] = origin
    }
    self.origins = origins
    var numbers: [Int] = []
    for node in graph.nodes {
      numbers.append(numbers.last.map { $0 } ?? 0)
      guard let value = node.results.first, let new = pruned[value],
        case .node(let number, _) = pruned.graph.source(of: new)
      else { continue }
      numbers[numbers.count - 1] = number + 1
    }
    nodes = importer.nodes.map { node in
      let before = node.range.lowerBound == 0 ? 0 : numbers[node.range.lowerBound - 1]
      let after = node.range.upperBound == 0 ? 0 : numbers[node.range.upperBound - 1]
      return ModelNode(
        name: node.name, type: node.type, scope: node.scope, range: before..<max(before, after),
        weights: node.weights)
    }
  }
}
