/// One thing that is wrong: what, where, because of what, and what to do.
public struct Finding: Hashable, Sendable {
  public let rule: RuleName
  public let severity: Severity
  /// The name of the layer or value that it speaks of; nil for the whole network.
  public let layer: String?
  /// What was found, as one sentence.
  public let message: String
  /// The cause, with its numbers.
  public let because: String
  /// The numbers that the finding rests on, thresholds included.
  public let evidence: [Evidence]
  public var remedies: [RemedyProposal]

  public init(
    _ rule: RuleName, _ severity: Severity, layer: String?, message: String, because: String,
    evidence: [Evidence], remedies: [RemedyProposal] = []
  ) {
    self.rule = rule
    self.severity = severity
    self.layer = layer
    self.message = message
    self.because = because
    self.evidence = evidence
    self.remedies = remedies
  }
}

/// A named number, or some words or numbers, behind a finding.
public struct Evidence: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case number(Double)
    case text(String)
    case numbers([Double])
    case texts([String])
    /// The least and the greatest number of each of some names.
    case ranges([Range])
  }

  /// What lies between two numbers, by name.
  public struct Range: Hashable, Sendable {
    public let name: String
    public let low: Double
    public let high: Double

    public init(name: String, low: Double, high: Double) {
      (self.name, self.low, self.high) = (name, low, high)
    }
  }

  public let name: String
  public let content: Content

  public init(_ name: String, _ value: Double) {
    self.init(name, .number(value))
  }

  public init(_ name: String, _ content: Content) {
    self.name = name
    self.content = content
  }

  /// The number; NaN where it is something else.
  public var value: Double {
    if case .number(let value) = content { value } else { .nan }
  }
}

public enum Severity: String, Comparable, Hashable, Sendable {
  case note, warning, error

  private var rank: Int {
    switch self {
    case .note: 0
    case .warning: 1
    case .error: 2
    }
  }

  public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// The names of rules that users write and read.
public enum RuleName: String, Hashable, Sendable, CaseIterable {
  case explodingGradient = "exploding_gradient"
  case vanishingGradient = "vanishing_gradient"
  case explodingActivation = "exploding_activation"
  case vanishingActivation = "vanishing_activation"
  /// One operator changes the size of the gradient once, which training does not feel.
  case gradientStep = "gradient_step"
  /// A factor that starts at 0 keeps others still until its first update.
  case zeroStart = "zero_start"
  /// Weights, or running statistics, are those of a start.
  case neverTrained = "never_trained"
  case deadUnits = "dead_units"
  case saturatedUnits = "saturated_units"
  case overflow
  case underflow
  case lostUpdates = "lost_updates"
  case nonFinite = "non_finite"
  case learningRateTooLarge = "learning_rate_too_large"
  case learningRateTooSmall = "learning_rate_too_small"
  case badInput = "bad_input"
  case domain
  case lossNotDecreasing = "loss_not_decreasing"
  case oscillatingLoss = "oscillating_loss"
  case generalizationGap = "generalization_gap"
  // Told ahead of the first step, by what the file and its data say.
  case lossFormulation = "loss_formulation"
  case outputRange = "output_range"
  case normStatistics = "norm_statistics"
  case weightDecay = "weight_decay"
  case regularization
  case schedule
  case tooFewSteps = "too_few_steps"
  case clipping
  case optimizerSettings = "optimizer_settings"
  case dropout
  case gradientNoise = "gradient_noise"
  case labels
  case successTarget = "success_target"
  case targetScale = "target_scale"
}

/// A change that may help, with what it is predicted to do.
public struct RemedyProposal: Hashable, Sendable {
  /// The remedy's name, such as `xavier_init`.
  public let remedy: String
  /// What to change, as one sentence.
  public let change: String
  /// What the prediction says of the changed network; nil where it says nothing.
  public let predicted: String?
  /// What happened when it was tried; nil when it was not.
  public let verified: String?

  public init(_ remedy: String, change: String, predicted: String?, verified: String? = nil) {
    self.remedy = remedy
    self.change = change
    self.predicted = predicted
    self.verified = verified
  }
}

extension Finding: JSONRepresentable {
  public var json: JSON {
    .object([
      "rule": .text(rule.rawValue), "severity": .text(severity.rawValue), "layer": .text(layer),
      "message": .text(message), "because": .text(because),
      "evidence": .object(evidence.map { JSON.Member($0.name, $0.json) }),
      "remedies": .array(remedies.map(\.json)),
    ])
  }
}

extension Evidence: JSONRepresentable {
  public var json: JSON {
    switch content {
    case .number(let value): .number(value)
    case .text(let text): .text(text)
    case .numbers(let values): .array(values.map { .number($0) })
    case .texts(let texts): .array(texts.map { .text($0) })
    case .ranges(let ranges):
      .object(
        ranges.map {
          JSON.Member(
            $0.name,
            $0.low == $0.high ? .number($0.low) : .array([.number($0.low), .number($0.high)]))
        })
    }
  }
}

extension RemedyProposal: JSONRepresentable {
  public var json: JSON {
    .object([
      "remedy": .text(remedy), "change": .text(change), "predicted": .text(predicted),
      "verified": .text(verified),
    ])
  }
}
