import Semantics
import Tensors

/// A loss by its name; the targets are an input of the lowered graph.
///
/// Two forms are naive on purpose: users write them, and their hazards must be seen.
public struct LossDescription: Hashable, Sendable {
  public let name: String

  /// Creates the loss with one of ``names``.
  public init(_ name: String) {
    precondition(Self.names.contains(name), "there is no loss '\(name)'")
    self.name = name
  }

  /// Names and meanings of all losses.
  static let summaries = [
    ("softmax_cross_entropy", "Cross entropy of classes, from logits."),
    ("mean_squared_error", "The mean of squared differences."),
    ("binary_cross_entropy_with_logits", "Cross entropy of bits, from logits."),
    ("hinge", "max(0, 1 - target * output), targets -1 and 1."),
    ("nll_of_softmax", "-log(softmax(output)) of the class, as written: unstable."),
    ("bce_on_probabilities", "Cross entropy of bits, from probabilities: unstable."),
  ]

  public static let names = summaries.map(\.0)

  init(_ tree: YAMLTree, in context: ReadingContext) throws(NetworkError) {
    guard let text = tree.scalar, !tree.isNull else {
      throw context.error(
        .invalidValue, "'loss' is \(tree.kindName)",
        cure: "name one of: \(Self.names.joined(separator: ", "))", line: tree.line)
    }
    guard Self.names.contains(text) else {
      let cure =
        nearestName(to: text, among: Self.names).map { "did you mean '\($0)'?" }
        ?? "the losses are: \(Self.names.joined(separator: ", "))"
      throw context.error(
        .unknownName, "there is no loss '\(text.prefix(40))'", cure: cure, line: tree.line)
    }
    self.init(text)
  }

  var tree: YAMLTree { .text(name) }

  /// What a loss takes the network's output for.
  public enum Reading: Hashable, Sendable {
    /// Logits, of which the loss itself takes the softmax.
    case classLogits
    /// Logits of bits, of which the loss itself takes the sigmoid.
    case bitLogits
    /// Probabilities of bits.
    case probabilities
    /// Scores, which are to be beyond 1 on the side of the class.
    case scores
    /// Numbers, which are to be those of the targets.
    case values
  }

  public var reading: Reading {
    switch name {
    case "softmax_cross_entropy", "nll_of_softmax": .classLogits
    case "binary_cross_entropy_with_logits": .bitLogits
    case "bce_on_probabilities": .probabilities
    case "hinge": .scores
    default: .values
    }
  }

  /// Adds the targets and the loss of `output`.
  func lower(
    _ output: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> (Value, LoweredInput) {
    try lowering.requireFeatures(output)
    let shape = lowering.shape(of: output)
    var logits = output
    func targets(
      _ shape: [Int], _ kind: ElementKind, _ content: LoweredInput.Content
    ) throws(NetworkError) -> LoweredInput {
      let value = try lowering.addInput("targets", shape, kind)
      return LoweredInput(value: value, name: "targets", content: content)
    }
    switch name {
    case "softmax_cross_entropy", "nll_of_softmax":
      guard (2...3).contains(shape.count), let classes = shape.last else {
        throw lowering.error(
          .invalidShape,
          "'\(name)' takes [classes] or [time, classes], and the output is "
            + "\(Array(shape.dropFirst()))",
          cure: "end with 'flatten' and 'dense'")
      }
      let rows = shape.dropLast().reduce(1, *)
      if shape.count == 3 { logits = try lowering.reshape(output, to: [rows, classes]) }
      if name == "softmax_cross_entropy" {
        let labels = try targets([rows], .integer, .classes(count: classes))
        return (try lowering.apply("SoftmaxCrossEntropy", to: logits, labels.value), labels)
      }
      let hot = try targets([rows, classes], .real, .oneHot(count: classes))
      let shares = try lowering.apply("Softmax", ["axis": .integer(-1)], to: logits)
      let logarithms = try lowering.apply("Log", to: shares)
      let chosen = try lowering.apply("Mul", to: logarithms, hot.value)
      return (try lowering.scaledSum(chosen, -1 / Double(rows)), hot)
    case "bce_on_probabilities":
      let bits = try targets(shape, .real, .bits)
      let one = try lowering.constant(1, [1])
      let yes = try lowering.apply("Mul", to: bits.value, try lowering.apply("Log", to: output))
      let rest = try lowering.apply("Log", to: try lowering.apply("Sub", to: one, output))
      let no = try lowering.apply("Mul", to: try lowering.apply("Sub", to: one, bits.value), rest)
      let sum = try lowering.apply("Add", to: yes, no)
      return (try lowering.scaledSum(sum, -1 / Double(shape.reduce(1, *))), bits)
    case "binary_cross_entropy_with_logits":
      let bits = try targets(shape, .real, .bits)
      return (try lowering.apply("BinaryCrossEntropyWithLogits", to: output, bits.value), bits)
    case "hinge":
      let signs = try targets(shape, .real, .signs)
      return (try lowering.apply("Hinge", to: output, signs.value), signs)
    default:
      let reals = try targets(shape, .real, .reals)
      return (try lowering.apply("MeanSquaredError", to: output, reals.value), reals)
    }
  }
}

extension Lowering {
  /// `factor · Σ x` over all elements, a scalar.
  fileprivate mutating func scaledSum(
    _ value: Value, _ factor: Double
  ) throws(NetworkError) -> Value {
    let axes = Array(shape(of: value).indices)
    let sum = try apply(
      "ReduceSum", ["axes": .integers(axes), "keepdims": .integer(0)], to: value)
    return try apply("Mul", to: sum, try constant(factor, []))
  }
}
