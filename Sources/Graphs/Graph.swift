public import Semantics
public import Tensors

/// A straight-line program over tensors: values, and the nodes that compute them in order.
public struct Graph: Sendable {
  /// Where a value comes from.
  public enum Source: Hashable, Sendable {
    case input(String)
    case parameter(String)
    case node(Int, result: Int)
  }

  /// The node of a file that nodes of the graph were written for.
  public struct Origin: Hashable, Sendable {
    /// Its operator type, in the words of the file.
    public let type: String
    /// Its name, or that of its first output.
    public let name: String
    /// What else is to be said where its gradient is not finite.
    public var remark: String?

    public init(type: String, name: String, remark: String? = nil) {
      self.type = type
      self.name = name
      self.remark = remark
    }
  }

  public struct Node: Sendable {
    public let op: any Operator
    public let operands: [Value]
    public let results: [Value]
    /// The place in the network that it belongs to, such as `layers.12.dense`.
    public let scope: String
    /// For a node of the backward pass, the forward node whose gradient it computes; nil also
    /// where that node was pruned.
    public let forward: Int?
    /// Whether the node belongs to a backward pass.
    public let isBackward: Bool
    /// The node of a file that it was written for, or that of its forward node.
    public let origin: Origin?

    /// The operator's type as the user knows it: in the words of the file where there is one.
    public var typeForPeople: String { origin?.type ?? op.typeName }
  }

  /// Elements of a result: more are refused, whatever the machine has, so that sums of sizes are
  /// numbers that fit.
  private static let mostElements = 1 << 40

  public private(set) var types: [TensorType] = []
  public private(set) var sources: [Source] = []
  public private(set) var nodes: [Node] = []
  public private(set) var inputs: [Value] = []
  public private(set) var parameters: [Value] = []

  /// The scope that appended nodes get.
  public var scope = ""
  /// The node of a file that appended nodes are written for.
  public var origin: Origin?
  /// The forward node that appended nodes belong to, while a gradient rule writes.
  var forward: Int?

  public init() {}

  /// Adds an input; names of inputs and parameters must differ.
  public mutating func addInput(_ name: String, _ type: TensorType) -> Value {
    let value = add(type, .input(name))
    inputs.append(value)
    return value
  }

  /// Adds a parameter; names of inputs and parameters must differ.
  public mutating func addParameter(_ name: String, _ type: TensorType) -> Value {
    let value = add(type, .parameter(name))
    parameters.append(value)
    return value
  }

  private mutating func add(_ type: TensorType, _ source: Source) -> Value {
    types.append(type)
    sources.append(source)
    return Value(types.count - 1)
  }

  /// Adds a node whose results are known to have these types.
  mutating func add(
    _ op: any Operator, _ operands: [Value], _ results: [TensorType], scope: String, forward: Int?,
    isBackward: Bool, origin: Origin?
  ) -> [Value] {
    let number = nodes.count
    let values = results.enumerated().map { add($1, .node(number, result: $0)) }
    nodes.append(
      Node(
        op: op, operands: operands, results: values, scope: scope, forward: forward,
        isBackward: isBackward, origin: origin))
    return values
  }

  /// The values, in an order in which each comes after those it is computed from.
  public var values: some RandomAccessCollection<Value> & Sendable {
    (0..<types.count).lazy.map { Value($0) }
  }

  public func source(of value: Value) -> Source { sources[value.index] }

  /// The node that computes `value`, if one does.
  public func producer(of value: Value) -> Node? {
    if case .node(let number, _) = sources[value.index] { nodes[number] } else { nil }
  }

  /// Types of a node's operands and results.
  public func signature(of node: Node) -> Signature {
    Signature(
      operands: node.operands.map { types[$0.index] }, results: node.results.map { types[$0.index] }
    )
  }

  /// A name for people: that of the input or parameter, or scope and operator of the node.
  public func name(of value: Value) -> String {
    switch sources[value.index] {
    case .input(let name), .parameter(let name):
      return name
    case .node(let number, let result):
      let node = nodes[number]
      let place = node.scope.isEmpty ? "" : node.scope + "."
      let suffix = node.results.count > 1 ? ":\(result)" : ""
      return "\(node.isBackward ? "grad/" : "")\(place)\(node.op.typeName)#\(number)\(suffix)"
    }
  }
}

extension Graph {
  /// Where a node stands, for people: operator and name of the node of the file that it was written
  /// for, or the name of its first result.
  public func place(of node: Node) -> String {
    guard let origin = node.origin else {
      return node.results.first.map { name(of: $0) } ?? node.op.typeName
    }
    return "\(node.isBackward ? "the gradient of " : "")\(origin.type) '\(origin.name)'"
  }
}

extension Graph: GraphWriting {
  /// Appends a node, checking its operands by the operator's shape rule.
  public mutating func append(
    _ op: any Operator, to operands: [Value]
  ) throws(OperatorError) -> [Value] {
    for operand in operands {
      precondition(types.indices.contains(operand.index), "operand is not in this graph")
    }
    let results = try op.types(of: operands.map { types[$0.index] })
    for result in results where result.shape.count > Self.mostElements {
      throw OperatorError(
        .invalidShape, in: op.typeName, "would have a result \(result.shape), which is too large")
    }
    return add(
      op, operands, results, scope: scope, forward: forward, isBackward: forward != nil,
      origin: origin)
  }

  public func type(of value: Value) -> TensorType { types[value.index] }

  public func number(of value: Value) -> Double? {
    (producer(of: value)?.op as? any ConstantOperator)?.number
  }

  /// Runs `body` with the scope extended by `name`.
  public mutating func scoped<R, E: Error>(
    _ name: String, _ body: (inout Graph) throws(E) -> R
  ) throws(E) -> R {
    let outer = scope
    scope = outer.isEmpty ? name : outer + "." + name
    defer { scope = outer }
    return try body(&self)
  }
}

extension Graph {
  /// Runs one rule over the graph, giving a fact for every value.
  ///
  /// Moments, bounds and every other analysis are this walk with a different rule. `facts` holds
  /// one fact for each input and parameter.
  public func walk<Fact, E: Error>(
    from facts: [Value: Fact], _ rule: (Node, Signature, [Fact]) throws(E) -> [Fact]
  ) throws(E) -> [Fact] {
    var found = [Fact?](repeating: nil, count: types.count)
    for (value, fact) in facts { found[value.index] = fact }
    for node in nodes {
      let operands = node.operands.map { operand in
        guard let fact = found[operand.index] else {
          preconditionFailure("no fact was given for \(name(of: operand))")
        }
        return fact
      }
      for (value, fact) in zip(node.results, try rule(node, signature(of: node), operands)) {
        found[value.index] = fact
      }
    }
    return found.map { fact in
      guard let fact else { preconditionFailure("an input without a fact") }
      return fact
    }
  }
}
