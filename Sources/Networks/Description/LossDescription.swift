/// A loss by its name, and how it is counted; the targets are an input of the lowered graph.
///
/// Two losses are naive on purpose: users write them, and their hazards must be seen.
public struct LossDescription: Hashable, Sendable {
  /// What is done with the terms of all samples and elements.
  public enum Reduction: String, Hashable, Sendable, CaseIterable { case mean, sum }

  public let name: String
  public var reduction = Reduction.mean
  /// The share of every target that is spread evenly over all classes: Szegedy and others (2016).
  public var labelSmoothing = 0.0
  /// A factor for the terms of each class, for a weighted mean; empty for none.
  public var classWeights: [Double] = []
  /// A factor for the terms of bits that are 1.
  public var positiveWeight = 1.0
  /// Where the square of a Huber loss becomes a straight line (Huber 1964).
  public var delta = 1.0

  /// Creates the loss with one of ``names``.
  public init(_ name: String) {
    precondition(Self.names.contains(name), "there is no loss '\(name)'")
    self.name = name
  }

  /// Every loss, with its keys.
  public static let forms: [NamedForm] = [
    NamedForm(
      "softmax_cross_entropy", "Cross entropy of classes, from logits.",
      keys: [
        Key(
          "label_smoothing", .below(0..<1), default: "0",
          "Share of every target that is spread evenly over all classes."),
        Key(
          "class_weights", .list(.number(0...1e12)),
          "A factor for the samples of each class, whose weighted mean the loss is."),
        reductionKey,
      ], example: "{softmax_cross_entropy: {label_smoothing: 0.1}}"),
    NamedForm("mean_squared_error", "The mean of squared differences.", keys: [reductionKey]),
    NamedForm("l1", "The mean of absolute differences.", keys: [reductionKey]),
    NamedForm(
      "huber", "Half the squared difference, and linear beyond delta.",
      keys: [
        Key(
          "delta", .number(1e-12...1e12), default: "1",
          "The difference from which on the loss is linear."),
        reductionKey,
      ], shorthand: "delta", example: "{huber: {delta: 1}}"),
    NamedForm(
      "poisson_nll", "exp(output) - target * output: counts, from the logarithm of their rate.",
      keys: [reductionKey]),
    NamedForm(
      "gaussian_nll",
      "Half of v + (target - m)^2 * exp(-v): the output holds means m, then log variances v.",
      keys: [reductionKey]),
    NamedForm(
      "binary_cross_entropy_with_logits", "Cross entropy of bits, from logits.",
      keys: [
        Key(
          "positive_weight", .number(0...1e12), default: "1",
          "A factor for the terms of bits that are 1."),
        reductionKey,
      ], example: "{binary_cross_entropy_with_logits: {positive_weight: 5}}"),
    NamedForm(
      "hinge", "max(0, 1 - target * output), targets -1 and 1.", keys: [reductionKey]),
    NamedForm(
      "nll_of_softmax", "-log(softmax(output)) of the class, as written: unstable.",
      keys: [reductionKey]),
    NamedForm(
      "bce_on_probabilities", "Cross entropy of bits, from probabilities: unstable.",
      keys: [reductionKey]),
  ]

  public static let names = forms.map(\.name)

  private static let reductionKey = Key(
    "reduction", .choice(Reduction.allCases.map(\.rawValue)), default: "mean",
    "Whether terms are averaged or added up.")

  private var form: NamedForm {
    guard let form = Self.forms.first(where: { $0.name == name }) else {
      preconditionFailure("there is no loss '\(name)'")
    }
    return form
  }
}

extension LossDescription {
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
    /// Logarithms of the rates of counts.
    case logRates
    /// Means, and the logarithms of variances.
    case distributions
  }

  public var reading: Reading {
    switch name {
    case "softmax_cross_entropy", "nll_of_softmax": .classLogits
    case "binary_cross_entropy_with_logits": .bitLogits
    case "bce_on_probabilities": .probabilities
    case "hinge": .scores
    case "poisson_nll": .logRates
    case "gaussian_nll": .distributions
    default: .values
    }
  }
}

// MARK: - YAML

extension LossDescription {
  /// Reads a loss: its bare name, or a mapping with the name as its only key.
  init(_ tree: YAMLTree, in context: ReadingContext) throws(NetworkError) {
    let entry = tree.entries.flatMap { $0.count == 1 ? $0[0] : nil }
    guard let text = entry?.key ?? tree.scalar, !tree.isNull else {
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
    let fields = try Fields(entry?.value, of: form, line: entry?.line ?? tree.line, in: context)
    let known = Set(form.keys.map(\.name))
    if let choice = try fields.choice("reduction") {
      reduction = Reduction(rawValue: choice) ?? .mean
    }
    if known.contains("label_smoothing") {
      labelSmoothing = try fields.number("label_smoothing")
    }
    if known.contains("class_weights") {
      classWeights = try fields.numbers("class_weights") ?? []
      try fields.require(
        classWeights.isEmpty || classWeights.contains { $0 > 0 },
        "'class_weights' has no weight above 0", cure: "give one weight for each class")
    }
    if known.contains("positive_weight") {
      positiveWeight = try fields.number("positive_weight")
    }
    if known.contains("delta") { delta = try fields.number("delta") }
  }

  /// The loss as it would be written, without what is as by default.
  var tree: YAMLTree {
    var entries: [YAMLTree.Entry] = []
    if delta != 1 { entries.append(YAMLTree.Entry("delta", .number(delta))) }
    if labelSmoothing != 0 {
      entries.append(YAMLTree.Entry("label_smoothing", .number(labelSmoothing)))
    }
    if !classWeights.isEmpty {
      entries.append(YAMLTree.Entry("class_weights", .list(classWeights.map { .number($0) })))
    }
    if positiveWeight != 1 {
      entries.append(YAMLTree.Entry("positive_weight", .number(positiveWeight)))
    }
    if reduction != .mean {
      entries.append(YAMLTree.Entry("reduction", .text(reduction.rawValue)))
    }
    return entries.isEmpty ? .text(name) : .map([YAMLTree.Entry(name, .map(entries))])
  }
}
