import Graphs
import Numbers
import Semantics
import Tensors

/// A graph being written, layer by layer.
///
/// Layers reach operators only by name, and every message names the layer and its line.
public struct Lowering {
  private(set) var graph = Graph()
  private(set) var parameters: [LoweredParameter] = []
  let registry: OperatorRegistry
  let activations: ActivationCatalogue
  let limits: NetworkLimits
  let file: String?
  /// What the graph is for.
  let purpose: LoweringPurpose
  /// Inputs beside the network's own, which a training fills.
  private(set) var auxiliaryInputs: [LoweredInput] = []
  private(set) var batchStatistics: [BatchStatistics] = []
  private(set) var normalizedGroups: [NormalizedGroup] = []
  /// How parameters start where a layer does not say it.
  private var defaults: Initialization
  /// Residual blocks of the network that start as Fixup says.
  let fixupBlocks: Int

  /// The layer that is being lowered, for messages.
  private var line = SourceLine(nil)
  private var form = ""
  /// The activation that follows the layer that is being lowered.
  private var following: (any ScalarFunction)?

  private var records: [OpenRecord] = []
  /// Whether new nodes belong to the next weighted operation instead of the last.
  private var isAhead = true
  private var aheadOperators: [String] = []
  private var aheadStart = 0
  private var aheadWeights: [Value] = []
  private var names: Set<String> = []
  private var path: [String] = []
  private var parameterElements = 0
  private var scopeBase = "layers.1"
  private var dropouts = 0
  private(set) var scaling = BranchScaling.none

  private struct OpenRecord {
    let name: String
    let firstNode: Int
    var operators: [String]
    var output: Value?
    var weights: [Value]
    var steps: [Value] = []
  }

  init(
    _ description: NetworkDescription, registry: OperatorRegistry,
    activations: ActivationCatalogue, limits: NetworkLimits, purpose: LoweringPurpose
  ) {
    self.purpose = purpose
    self.registry = registry
    self.activations = activations
    self.limits = limits
    file = description.file.path
    defaults = description.initialization
    fixupBlocks = description.layers.fixupBlocks
  }

  // MARK: - Messages

  func error(_ code: NetworkError.Code, _ problem: String, cure: String) -> NetworkError {
    NetworkError(code, problem, cure: cure, file: file, line: line.number)
  }

  private func error(from error: OperatorError) -> NetworkError {
    self.error(
      .invalidShape, "'\(form)' does not fit: \(error)", cure: "change its sizes or its input")
  }

  // MARK: - Nodes

  func shape(of value: Value) -> [Int] { graph.type(of: value).shape.extents }

  /// The shape of one sample.
  func sampleShape(of value: Value) -> [Int] { Array(shape(of: value).dropFirst()) }

  func kind(of value: Value) -> ElementKind { graph.type(of: value).kind }

  /// Appends the operator called `name` and returns its results.
  mutating func append(
    _ name: String, _ attributes: Attributes = [:], to operands: [Value]
  ) throws(NetworkError) -> [Value] {
    do {
      return try append(try registry.make(name, attributes), to: operands)
    } catch let error as OperatorError {
      throw self.error(from: error)
    } catch let error as NetworkError {
      throw error
    } catch {
      preconditionFailure("an error of another type: \(error)")
    }
  }

  /// Appends an operator that is made already.
  mutating func append(
    _ op: any Operator, to operands: [Value]
  ) throws(NetworkError) -> [Value] {
    guard graph.nodes.count < limits.nodes else {
      throw error(
        .limitExceeded,
        "the network needs more than \(limits.nodes.grouped) operators, time steps written out",
        cure: "use fewer layers or shorter sequences")
    }
    let results: [Value]
    do {
      results = try graph.append(op, to: operands)
    } catch {
      throw self.error(from: error)
    }
    for result in results {
      let extents = shape(of: result)
      guard extents.reduce(1, saturatingProduct) <= limits.valueElements else {
        throw error(
          .limitExceeded, "the output \(Shape(extents)) of '\(form)' has too many elements",
          cure: "at most \(limits.valueElements.grouped) are allowed: use a smaller batch or layer")
      }
    }
    let name = op.typeName
    if isAhead {
      if !aheadOperators.contains(name) { aheadOperators.append(name) }
    } else if !records[records.count - 1].operators.contains(name) {
      records[records.count - 1].operators.append(name)
    }
    return results
  }

  /// Appends an operator with one result.
  mutating func apply(
    _ name: String, _ attributes: Attributes = [:], to operands: Value...
  ) throws(NetworkError) -> Value {
    try append(name, attributes, to: operands)[0]
  }

  /// The same elements under another shape, `[batch, …]`.
  mutating func reshape(_ value: Value, to shape: [Int]) throws(NetworkError) -> Value {
    try apply("Reshape", ["shape": .integers(shape)], to: value)
  }

  /// A number that is no parameter.
  mutating func constant(_ number: Double, _ shape: [Int]) throws(NetworkError) -> Value {
    try append("Constant", ["value": .real(number), "shape": .integers(shape)], to: [])[0]
  }

  /// Runs `body` with nodes in a scope of their own, such as a time step.
  mutating func scoped<R>(
    _ name: String, _ body: (inout Lowering) throws(NetworkError) -> R
  ) throws(NetworkError) -> R {
    let outer = graph.scope
    graph.scope = outer + "." + name
    defer { graph.scope = outer }
    return try body(&self)
  }

  /// A number that differs for every layer that asks, the same in every run.
  mutating func nextDropoutSeed() -> Int {
    dropouts += 1
    return dropouts
  }

  /// Adds an input that a training fills.
  mutating func auxiliaryInput(
    _ name: String, _ shape: [Int], _ content: LoweredInput.Content
  ) throws(NetworkError) -> Value {
    let name = "\(name).\(auxiliaryInputs.count)"
    let value = try addInput(name, shape, .real)
    auxiliaryInputs.append(LoweredInput(value: value, name: name, content: content))
    return value
  }

  /// Notes a value that is normalised over the batch.
  mutating func note(_ statistics: BatchStatistics) { batchStatistics.append(statistics) }

  /// Notes how many numbers of the layer being lowered share a mean and variance.
  mutating func noteGroup(of count: Int, spansBatch: Bool) {
    normalizedGroups.append(
      NormalizedGroup(name: layerName, form: form, count: count, spansBatch: spansBatch))
  }

  /// A layer that the layer being lowered contains without its being written.
  func here(_ kind: any LayerKind) -> LayerDescription { LayerDescription(kind, line: line) }

  /// The name of the weighted operation that new nodes belong to.
  var layerName: String { isAhead ? scopeBase : records[records.count - 1].name }

  /// The layer that is being lowered, as it is written.
  var layerForm: String { form }

  /// Puts what follows in the scope `name` of the weighted operation it belongs to.
  mutating func enter(_ name: String) { graph.scope = "\(scopeBase).\(name)" }

  // MARK: - Layers

  /// Lowers layers one after the other.
  mutating func sequence(
    _ layers: [LayerDescription], _ input: Value
  ) throws(NetworkError) -> Value {
    var value = input
    for (number, layer) in layers.enumerated() {
      let outer = (line, form, following, graph.scope)
      (line, form) = (layer.line, layer.kind.form)
      let isContainer = layer.kind is any ContainerLayer
      if layer.kind is any WeightedLayer {
        following = try activation(after: number, in: layers)
        value = try lower(layer, value)
        scaling.remaining -= 1
      } else if isContainer {
        if let name = layer.name { path.append(name) }
        value = try layer.kind.lower(value, in: &self)
        if layer.name != nil { path.removeLast() }
      } else {
        enter(layer.name ?? layer.kind.label)
        value = try layer.kind.lower(value, in: &self)
      }
      (line, form, following, graph.scope) = outer
    }
    return value
  }

  /// The activation that `layers[number]` feeds, past norms and dropout.
  private func activation(
    after number: Int, in layers: [LayerDescription]
  ) throws(NetworkError) -> (any ScalarFunction)? {
    for layer in layers.dropFirst(number + 1) {
      if let layer = layer.kind as? ActivationLayer { return try activation(layer.name) }
      if let layer = layer.kind as? AffineActivationLayer {
        return AffineWrap(
          try activation(layer.function), alpha: layer.alpha, beta: layer.beta,
          gamma: layer.gamma, delta: layer.delta)
      }
      guard layer.kind is NormalizationLayer || layer.kind is DropoutLayer else { return nil }
    }
    return nil
  }

  /// The activation written as `text`.
  func activation(_ text: String) throws(NetworkError) -> any Activation {
    do {
      return try activations.activation(text)
    } catch {
      throw self.error(.unknownName, "\(error)", cure: "name an activation of the catalogue")
    }
  }

  /// Lowers a weighted layer as a record of its own.
  private mutating func lower(
    _ layer: LayerDescription, _ input: Value
  ) throws(NetworkError) -> Value {
    begin(layer.name, form: layer.kind.form, input: input)
    return try layer.kind.lower(input, in: &self)
  }

  /// Opens the record of a weighted operation that reads `input`.
  mutating func begin(_ name: String?, form: String, input: Value) {
    close(input)
    let place = path.isEmpty ? "" : path.joined(separator: ".") + "."
    let base = place + (name ?? "layers.\(records.count + 1)")
    var unique = base
    var number = 1
    while !names.insert(unique).inserted {
      number += 1
      unique = "\(base).\(number)"
    }
    records.append(
      OpenRecord(
        name: unique, firstNode: isAhead ? aheadStart : graph.nodes.count,
        operators: aheadOperators, weights: aheadWeights))
    isAhead = false
    aheadOperators = []
    aheadWeights = []
    scopeBase = unique
    graph.scope = "\(unique).\(form)"
  }

  /// Says that the last weighted operation hands on `value`, and that what follows belongs to the
  /// next one.
  mutating func handOver(_ value: Value) {
    close(value)
    guard !isAhead else { return }
    isAhead = true
    aheadStart = graph.nodes.count
    scopeBase = "layers.\(records.count + 1)"
  }

  private mutating func close(_ value: Value) {
    guard !isAhead, !records.isEmpty else { return }
    records[records.count - 1].output = value
  }

  /// Says that the layer being lowered is recurrent, with these states.
  mutating func setSteps(_ steps: [Value]) { records[records.count - 1].steps = steps }

  // MARK: - Parameters

  /// Adds a weight or bias of the layer being lowered, which says in `own` how it starts.
  mutating func parameter(
    _ name: String, _ shape: [Int], role: ParameterTarget.Role, fanIn: Double, fanOut: Double,
    defaultFan: Double? = nil, own: Initialization
  ) throws(NetworkError) -> Value {
    let choices = own.filled(from: defaults)
    let fallback = InitializerChoice(FrameworkInitializer(.pytorch))
    let weights = choices.weights ?? fallback
    var rule: any Initializer
    switch role {
    case .weight: rule = weights.rule
    case .recurrent: rule = (choices.recurrent ?? weights).rule
    case .embedding: rule = (own.weights ?? InitializerChoice(NormalInitializer(std: 1))).rule
    case .bias:
      // A framework's default speaks of biases too; any other rule for weights leaves them 0.
      let framework = weights.rule as? FrameworkInitializer
      rule = choices.bias?.rule ?? (framework ?? ConstantInitializer(0) as any Initializer)
    }
    if role == .weight || role == .recurrent { rule = scaling.applied(to: rule) }
    let target = try target(
      shape, role: role, fanIn: fanIn, fanOut: fanOut, defaultFan: defaultFan)
    return try add(name, target, rule)
  }

  /// Adds a parameter that starts in a way of its own, such as the scale of a norm.
  mutating func parameter(
    _ name: String, _ shape: [Int], startingAt number: Double
  ) throws(NetworkError) -> Value {
    let target = try target(shape, role: .bias, fanIn: 1, fanOut: 1, defaultFan: nil)
    return try add(name, target, ConstantInitializer(number))
  }

  private func target(
    _ shape: [Int], role: ParameterTarget.Role, fanIn: Double, fanOut: Double, defaultFan: Double?
  ) throws(NetworkError) -> ParameterTarget {
    let count = shape.reduce(1, saturatingProduct)
    let total = saturatingSum(parameterElements, count)
    guard count <= limits.valueElements, total <= limits.parameterElements else {
      throw error(
        .limitExceeded,
        "with the parameter \(Shape(shape)) of '\(form)' the network has "
          + "\(total == .max ? "too many" : total.grouped) parameters",
        cure: "at most \(limits.parameterElements.grouped) are allowed "
          + "(\((4 * limits.parameterElements).grouped) bytes)")
    }
    return ParameterTarget(
      Shape(shape), role: role, fanIn: fanIn, fanOut: fanOut, defaultFan: defaultFan,
      activation: following)
  }

  private mutating func add(
    _ name: String, _ target: ParameterTarget, _ rule: any Initializer
  ) throws(NetworkError) -> Value {
    if let refusal = rule.refusal(for: target) {
      throw error(.invalidValue, "'\(rule.form)' \(refusal.problem)", cure: refusal.cure)
    }
    parameterElements += target.shape.count
    let base = layerName
    var unique = "\(base).\(name)"
    var number = 1
    while !names.insert(unique).inserted {
      number += 1
      unique = "\(base).\(name).\(number)"
    }
    let value = graph.addParameter(unique, TensorType(target.shape))
    parameters.append(
      LoweredParameter(value: value, name: unique, target: target, initializer: rule))
    if isAhead {
      aheadWeights.append(value)
    } else {
      records[records.count - 1].weights.append(value)
    }
    return value
  }

  /// Runs `body` with the weights of a residual branch scaled.
  mutating func scaled<R>(
    _ scaling: BranchScaling, _ body: (inout Lowering) throws(NetworkError) -> R
  ) throws(NetworkError) -> R {
    let outer = self.scaling
    self.scaling = scaling
    defer { self.scaling = outer }
    return try body(&self)
  }

  // MARK: - Ends

  mutating func addInput(
    _ name: String, _ shape: [Int], _ kind: ElementKind
  ) throws(NetworkError) -> Value {
    guard shape.reduce(1, saturatingProduct) <= limits.valueElements else {
      throw error(
        .limitExceeded, "the input \(shape) has too many elements",
        cure: "at most \(limits.valueElements.grouped) are allowed: use a smaller batch")
    }
    return graph.addInput(name, TensorType(Shape(shape), kind))
  }

  mutating func place(_ form: String, scope: String) {
    self.form = form
    graph.scope = scope
  }

  /// The layers, the last of which hands on `output`.
  mutating func finish(_ output: Value) -> [LayerRecord] {
    let end = graph.nodes.count
    if isAhead, records.isEmpty {
      records = [OpenRecord(name: "layers.1", firstNode: 0, operators: [], weights: [])]
    }
    let last = records.count - 1
    for name in aheadOperators where !records[last].operators.contains(name) {
      records[last].operators.append(name)
    }
    records[last].weights += aheadWeights
    records[last].output = output
    return records.enumerated().map { number, record in
      LayerRecord(
        index: number + 1, name: record.name, operators: record.operators,
        output: record.output ?? output, weights: record.weights,
        nodes: record.firstNode..<(number < last ? records[number + 1].firstNode : end),
        steps: record.steps)
    }
  }
}
