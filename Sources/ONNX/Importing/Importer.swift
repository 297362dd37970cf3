import Graphs
import ONNXMessages
import Semantics
import Tensors

/// Walks a model's nodes and has the rule of each write it into the graph.
final class Importer {
  /// Names in sight, and what the nodes around them import.
  struct Frame {
    var items = Names()
    var opsets: [String: Int]
    /// What a function was called with.
    var attributes: [String: Onnx_AttributeProto] = [:]
    var depth = 0
    /// Whether reports name the nodes: those of the graph, and those of a branch that is known to be
    /// taken, which stand in place of their node.
    var isTold = true
    /// The function whose nodes are imported; nil in the graph.
    var function: ModelFunction?
  }

  /// What names stand for: those of a graph, within those of the graph around it.
  ///
  /// A class, because every node is imported with all names before it in sight.
  final class Names {
    private var own: [String: Item] = [:]
    private let outer: Names?

    init(within outer: Names? = nil) { self.outer = outer }

    subscript(name: String) -> Item? {
      get {
        var names: Names? = self
        while let some = names {
          if let item = some.own[name] { return item }
          names = some.outer
        }
        return nil
      }
      set { own[name] = newValue }
    }
  }

  let builder: Builder
  /// Constant nodes that hold weights.
  private let constantWeights: Set<String>
  let reader: TensorReader
  let options: ImportOptions
  private let functions: [ModelFunction: Onnx_FunctionProto]
  /// The nodes as reports name them, each with the graph nodes that it became.
  private(set) var nodes: [ModelNode] = []
  /// What is known of the values of the file.
  private(set) var types: [ModelPlace: ModelType] = [:]
  /// For every node of the graph, the innermost node of the file that it came from.
  private(set) var origins: [ModelPlace?] = []
  private var origin: ModelPlace?

  init(_ file: ModelFile, _ options: ImportOptions) throws {
    reader = file.reader
    self.options = options
    builder = Builder(format: options.format)
    constantWeights = file.message.graph.constantWeights
    functions = Dictionary(
      file.message.functions.map {
        (ModelFunction(domain: $0.domain.domain, name: $0.name, overload: $0.overload), $0)
      }
    ) { first, _ in first }
  }

  static func opsets(_ imports: [Onnx_OperatorSetIdProto]) throws -> [String: Int] {
    var opsets: [String: Int] = [:]
    for entry in imports {
      let domain = entry.domain.domain
      if domain.isEmpty,
        !(OperatorRules.oldestOpset...OperatorRules.newestOpset).contains(Int(entry.version))
      {
        throw ModelError(
          .unsupported, "imports version \(entry.version) of the standard operators",
          cure:
            "export with opset_version from \(OperatorRules.oldestOpset) to \(OperatorRules.newestOpset)"
        )
      }
      opsets[domain] = Int(entry.version)
    }
    return opsets
  }

  // MARK: Nodes

  /// Imports nodes in order, adding what they compute to the names in sight.
  func run(_ list: [Onnx_NodeProto], in frame: inout Frame) throws {
    guard frame.depth <= Limits.depth else {
      throw ModelError(
        .limitExceeded, "functions and subgraphs are nested more than \(Limits.depth) deep",
        cure: "simplify the model; a function may not call itself")
    }
    for node in list {
      do {
        try run(node, in: &frame)
      } catch var error as ModelError {
        if error.node == nil { error.node = Self.place(of: node) }
        throw error
      } catch let error as OperatorError {
        throw ModelError(
          .invalidModel, "\(error)",
          cure: "check the shapes that go into this node, and --shape and --dim",
          node: Self.place(of: node))
      }
    }
  }

  static func place(of node: Onnx_NodeProto) -> String {
    "\(node.opType) \((node.name.isEmpty ? node.output.first ?? "" : node.name).quotedName)"
  }

  private func run(_ node: Onnx_NodeProto, in frame: inout Frame) throws {
    let inputs = try node.input.map { name -> Item? in
      if name.isEmpty { return nil }
      guard let item = frame.items[name] else {
        throw ModelError.invalid(
          "reads \(name.quotedName), which nothing before it computes (a cycle, or an input that "
            + "is missing)")
      }
      return item
    }
    let attributes = try attributes(of: node, in: frame)
    let outerScope = builder.scope
    let outerFrame = currentFrame
    let outerNode = builder.origin
    builder.scope = outerScope.isEmpty ? node.scope : outerScope
    builder.origin = Graph.Origin(
      type: node.opType, name: node.name.isEmpty ? node.output.first ?? "" : node.name)
    currentFrame = frame
    defer {
      builder.scope = outerScope
      builder.origin = outerNode
      currentFrame = outerFrame
    }
    let first = builder.graph.nodes.count
    let firstTold = nodes.count
    let outerOrigin = origin
    noteOrigins()
    origin = ModelPlace(frame.function, node.output.first { !$0.isEmpty } ?? "")
    let results = try results(of: node, attributes, inputs, frame)
    noteOrigins()
    origin = outerOrigin
    if frame.isTold, nodes.count == firstTold {
      nodes.append(
        ModelNode(
          name: node.name.isEmpty ? node.output.first ?? "" : node.name, type: node.opType,
          scope: builder.scope, range: first..<builder.graph.nodes.count,
          weights: node.input))
    }
    for (name, result) in zip(node.output, results) where !name.isEmpty {
      frame.items[name] = result
      note(result, as: ModelPlace(frame.function, name))
    }
    for name in node.output.dropFirst(results.count) where !name.isEmpty {
      throw ModelError.unsupported("output \(name.quotedName) of this operator is not computed")
    }
  }

  /// The nodes that were added since the last call come from the current node.
  private func noteOrigins() {
    while origins.count < builder.graph.nodes.count { origins.append(origin) }
  }

  /// Keeps the type of a value; what differs between calls of a function is not known.
  func note(_ item: Item, as place: ModelPlace) {
    guard case .tensor(let operand) = item else { return }
    let found = ModelType(type: operand.type, rank: operand.rank)
    guard let known = types[place], known != found else {
      types[place] = found
      return
    }
    types[place] = ModelType(
      type: known.type == found.type ? found.type : nil,
      rank: known.rank == found.rank ? found.rank : nil)
  }

  /// Whether a constant node of the graph, or of one within a node, holds a parameter.
  func isWeight(_ name: String) -> Bool {
    currentFrame.function == nil && constantWeights.contains(name)
  }

  /// The names in sight of the node that is imported, for its subgraphs.
  private var currentFrame = Frame(opsets: [:])

  /// What a name stands for that the node which is imported has in sight.
  func item(_ name: String) -> Item? { currentFrame.items[name] }

  private func results(
    of node: Onnx_NodeProto, _ attributes: [String: Onnx_AttributeProto], _ inputs: [Item?],
    _ frame: Frame
  ) throws -> [Item] {
    let domain = node.domain.domain
    let key = ModelFunction(domain: domain, name: node.opType, overload: node.overload)
    if let function = functions[key] {
      return try call(function, key, attributes, inputs, depth: frame.depth)
    }
    guard let rule = OperatorRules.rule(domain, node.opType) else {
      throw ModelError(
        .unsupported,
        "operator \((domain.isEmpty ? "" : domain + ".") + node.opType) is not computed here",
        cure: OperatorRules.reason(domain, node.opType))
    }
    guard let opset = frame.opsets[domain] ?? (domain.isEmpty ? nil : 1) else {
      throw ModelError.invalid("the model does not import the operators of \(domain.quotedName)")
    }
    return try rule(
      NodeContext(node, attributes: attributes, opset: opset, inputs: inputs, importer: self))
  }

  /// The attributes of a node, those that refer to the function around it put in.
  private func attributes(
    of node: Onnx_NodeProto, in frame: Frame
  ) throws -> [String: Onnx_AttributeProto] {
    var result: [String: Onnx_AttributeProto] = [:]
    for attribute in node.attribute {
      if attribute.refAttrName.isEmpty {
        result[attribute.name] = attribute
      } else if let value = frame.attributes[attribute.refAttrName] {
        result[attribute.name] = value
      }
    }
    return result
  }

  private func call(
    _ function: Onnx_FunctionProto, _ key: ModelFunction,
    _ attributes: [String: Onnx_AttributeProto], _ inputs: [Item?], depth: Int
  ) throws -> [Item] {
    var frame = Frame(
      opsets: try Self.opsets(function.opsetImport), depth: depth + 1, isTold: false,
      function: key)
    for attribute in function.attributeProto { frame.attributes[attribute.name] = attribute }
    frame.attributes.merge(attributes) { _, given in given }
    for (name, item) in zip(function.input, inputs) {
      if let item {
        frame.items[name] = item
        note(item, as: ModelPlace(key, name))
      }
    }
    // What the caller leaves out is an empty name inside.
    let missing = Set(function.input.filter { frame.items[$0] == nil })
    let body = function.node.map { node in
      var node = node
      node.input = node.input.map { missing.contains($0) ? "" : $0 }
      return node
    }
    try run(body, in: &frame)
    return try function.output.map { name in
      guard let item = frame.items[name] else {
        throw ModelError.invalid("function \(function.name.quotedName) does not compute \(name)")
      }
      return item
    }
  }

  /// Runs a subgraph of the current node on `inputs`; reports name its nodes where it is the only one
  /// that runs, and only once.
  func run(
    _ graph: Onnx_GraphProto, on inputs: [Item], isOnlyOne: Bool = false
  ) throws -> [Item] {
    var frame = currentFrame
    frame.items = Names(within: currentFrame.items)
    frame.depth += 1
    frame.isTold = frame.isTold && isOnlyOne
    for (info, item) in zip(graph.input, inputs) {
      frame.items[info.name] = item
      note(item, as: ModelPlace(frame.function, info.name))
    }
    try addInitializers(of: graph, to: &frame)
    try run(graph.node, in: &frame)
    return try graph.output.map { output in
      guard let item = frame.items[output.name] else {
        throw ModelError.invalid("nothing computes the output \(output.name.quotedName)")
      }
      return item
    }
  }

  // MARK: Initializers

  /// Whether a number has no name of its own, but one that the exporter counted: a number of the
  /// program, which PyTorch's optimiser turns from a constant node into an initializer.
  private static func isLiteral(_ name: String) -> Bool {
    name.wholeMatch(of: /val_\d+|onnx::\w+_\d+|scalar_tensor_default(_\d+)?/) != nil
  }

  func addInitializers(of graph: Onnx_GraphProto, to frame: inout Frame) throws {
    for tensor in graph.initializer {
      if frame.depth == 0, options.given[tensor.name] != nil { continue }
      let (contents, type) = try reader.contents(tensor)
      let isLiteral = contents.count == 1 && Self.isLiteral(tensor.name)
      let isParameter =
        type.kind == .real && frame.function == nil && !isLiteral && !contents.isMask
      frame.items[tensor.name] = .tensor(
        isParameter
          ? builder.parameter(tensor.name, contents, type) : builder.literal(contents, type))
      if let item = frame.items[tensor.name] {
        note(item, as: ModelPlace(frame.function, tensor.name))
      }
    }
    for sparse in graph.sparseInitializer {
      let (contents, type) = try dense(sparse)
      frame.items[sparse.values.name] = .tensor(
        type.kind == .real && frame.function == nil
          ? builder.parameter(sparse.values.name, contents, type)
          : builder.constant(contents, type))
    }
  }

  /// A sparse tensor with its zeros.
  func dense(_ sparse: Onnx_SparseTensorProto) throws -> (Tensor, DataType) {
    let name = sparse.values.name.quotedName
    let shape = try Limits.shape(sparse.dims.map(Int.init), of: "tensor \(name)")
    let (values, type) = try reader.contents(sparse.values)
    let (indices, indexType) = try reader.contents(sparse.indices)
    guard indexType == .int64,
      indices.shape.rank == 1 || indices.shape == [values.count, shape.rank],
      indices.shape.rank > 1 || indices.count == values.count
    else { throw ModelError.invalid("the indices of sparse tensor \(name) do not fit its values") }
    let result = Tensor(zeros: shape, values.elementType)
    let places = indices.elements(as: Int64.self)
    let strides = shape.strides
    for number in 0..<values.count {
      let flat =
        indices.shape.rank == 1
        ? Int(places[number])
        : strides.indices.reduce(0) {
          $0 &+ Int(places[number * shape.rank + $1]) &* strides[$1]
        }
      guard (0..<shape.count).contains(flat) else {
        throw ModelError.invalid("an index of sparse tensor \(name) is outside of \(shape)")
      }
      switch values.elementType {
      case .float32: result.elements(as: Float.self)[flat] = values.elements(as: Float.self)[number]
      case .float64:
        result.elements(as: Double.self)[flat] = values.elements(as: Double.self)[number]
      case .int64: result.elements(as: Int64.self)[flat] = values.elements(as: Int64.self)[number]
      case .bool: result.elements(as: Bool.self)[flat] = values.elements(as: Bool.self)[number]
      }
    }
    return (result, type)
  }
}

extension String {
  /// The domain of operators: the standard one has two names.
  var domain: String { self == "ai.onnx" ? "" : self }
}

extension Onnx_NodeProto {
  /// Where the node stands in the network, from what exporters write.
  var scope: String {
    let properties = Dictionary(metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
    if let scopes = properties["pkg.torch.onnx.name_scopes"] {
      // A list in Python's notation of nested module names, the last of which is the node itself.
      let names = scopes.split(separator: ",").map {
        $0.trimmingCharacters(of: " []'\"")
      }.filter { !$0.isEmpty }
      if let module = names.dropLast().last { return module }
    }
    // Paths such as /layers/layers.0/attention/MatMul.
    let parts = name.split(separator: "/").dropLast().map(String.init)
    var path: [String] = []
    for part in parts {
      if let last = path.last, part.hasPrefix(last + ".") { path.removeLast() }
      path.append(part)
    }
    return path.joined(separator: ".")
  }
}

extension StringProtocol {
  func trimmingCharacters(of set: String) -> String {
    var text = Substring(self)
    while let first = text.first, set.contains(first) { text.removeFirst() }
    while let last = text.last, set.contains(last) { text.removeLast() }
    return String(text)
  }
}

extension Tensor {
  /// Whether there is −∞ somewhere and nothing above 0 anywhere, as in masks, which no training changes.
  ///
  /// Of weights a few elements tell. Infinities of either sign among them are no mask.
  var isMask: Bool {
    func holds<T: Scalar>(_ elements: Elements<T>) -> Bool {
      elements.indices.allSatisfy { elements[$0] <= 0 }
        && elements.indices.contains { elements[$0].isInfinite }
    }
    switch elementType {
    case .float32: return holds(elements(as: Float.self))
    case .float64: return holds(elements(as: Double.self))
    case .int64, .bool: return false
    }
  }
}
