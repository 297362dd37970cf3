public import Graphs
public import Semantics
public import Tensors

/// What an analysis looks at: a graph with its output, its layers and its random parameters.
///
/// Every importer ends here, so that analyses know nothing of YAML, Swift or ONNX.
public struct Subject: Sendable {
  /// One weighted operation with everything up to the next one.
  public struct Layer: Sendable {
    public let name: String
    /// Operator types in order of execution.
    public let operators: [String]
    /// What the layer hands on, h^t.
    public let output: Value
    public let weights: [Value]
    /// For a recurrent layer, the state after each time step; empty for others.
    public let steps: [Value]

    public init(
      name: String, operators: [String], output: Value, weights: [Value], steps: [Value] = []
    ) {
      self.name = name
      self.operators = operators
      self.output = output
      self.weights = weights
      self.steps = steps
    }
  }

  /// How a model ends, and what its gradients are measured by.
  public struct Ending: Sendable {
    /// What the last weighted operation gives, such as logits; all that comes after has no weights.
    public let head: Value
    /// Whether the output is a loss: one number of the whole batch.
    public let isLoss: Bool

    public init(head: Value, isLoss: Bool) {
      self.head = head
      self.isLoss = isLoss
    }
  }

  public let graph: Graph
  public let output: Value
  public let layers: [Layer]
  /// Where gradients start; nil where that is the output itself.
  public let ending: Ending?
  /// Values that have to be finite besides those of layers: all that the model gives.
  public let results: [Value]
  /// Mean and second moment of every parameter as it is initialised.
  public let parameterMoments: [Value: Moments]
  /// Parameters of the graph that are constants of the model: nothing is differentiated by them.
  public let frozen: Set<Value>
  /// What elements of inputs and constants are known to lie in, for what can fail.
  public let bounds: @Sendable (Value) -> Bounds?
  /// Elements of parameters that no seed changes; they are read where they lie.
  public let contents: [Value: Tensor]
  /// The operator's type and the name of a node in the words of the model, by the number of the
  /// forward node; nil where the model has no words for it.
  public let place: @Sendable (Int) -> (type: String, name: String)?
  /// Fills a parameter with its initial elements for a seed; the tensor may be of either precision.
  public let fillParameter: @Sendable (Value, Tensor, UInt64) -> Void
  /// Fills an input with a random batch for a seed.
  public let fillInput: @Sendable (Value, Tensor, UInt64) -> Void

  public init(
    graph: Graph, output: Value, layers: [Layer], parameterMoments: [Value: Moments],
    frozen: Set<Value> = [], bounds: @escaping @Sendable (Value) -> Bounds? = { _ in nil },
    contents: [Value: Tensor] = [:], ending: Ending? = nil, results: [Value] = [],
    place: @escaping @Sendable (Int) -> (type: String, name: String)? = { _ in nil },
    fillParameter: @escaping @Sendable (Value, Tensor, UInt64) -> Void,
    fillInput: @escaping @Sendable (Value, Tensor, UInt64) -> Void
  ) {
    self.graph = graph
    self.output = output
    self.layers = layers
    self.parameterMoments = parameterMoments
    self.frozen = frozen
    self.bounds = bounds
    self.contents = contents
    self.ending = ending
    self.results = results
    self.place = place
    self.fillParameter = fillParameter
    self.fillInput = fillInput
  }

  /// The number of samples in a batch: the first extent of the first input.
  public var batch: Int {
    graph.inputs.first.map { graph.type(of: $0).shape.extents.first ?? 1 } ?? 1
  }

  /// Parameters that are not constants.
  var trained: [Value] { graph.parameters.filter { !frozen.contains($0) } }

  /// The number of scalar parameters.
  public var parameterCount: Int {
    trained.reduce(0) { $0 + graph.type(of: $1).shape.count }
  }
}

/// A subject with its backward pass: one graph that computes activations and gradients.
public struct DifferentiatedSubject: Sendable {
  public let subject: Subject
  /// The subject's graph with the backward pass appended.
  public let graph: Graph
  /// The input that seeds the backward pass, of the output's type.
  public let seedCotangent: Value
  /// The cotangent of every forward value that the pass reached.
  public let cotangents: Graph.Cotangents

  /// The cotangent that sizes of all others are measured by, where the model says one.
  var headCotangent: Value? { subject.ending.flatMap { cotangents[$0.head] } }

  /// Appends the backward pass from the output to every layer output and parameter, and to the first
  /// input.
  ///
  /// Gradients of other inputs are what no training computes: those of a mask may overflow.
  ///
  /// - Throws: ``OperatorError`` where an operator cannot be differentiated.
  public init(
    _ subject: Subject, adding: () -> any Operator
  ) throws(OperatorError) {
    var graph = subject.graph
    let seed = graph.addInput("cotangent", graph.type(of: subject.output))
    let inputs = subject.graph.inputs.prefix(1).filter { graph.type(of: $0).kind == .real }
    let head = subject.ending.map { [$0.head] } ?? []
    let targets =
      subject.layers.flatMap { [$0.output] + $0.steps } + subject.trained + inputs + head
    let found = try graph.differentiate(
      [(value: subject.output, cotangent: seed)], withRespectTo: targets, adding: adding)
    // Gradient rules also compute what no target asks for, such as the cotangent of a constant
    // exponent; what goes wrong there harms nobody. All of the forward pass stays, so that its
    // values keep their numbers.
    let forward = subject.graph.values + [seed]
    let pruned = graph.pruned(keeping: forward + targets.compactMap { found[$0] })
    self.subject = subject
    self.graph = pruned.graph
    cotangents = found.compactMapValues { pruned[$0] }
    seedCotangent = seed
  }
}
