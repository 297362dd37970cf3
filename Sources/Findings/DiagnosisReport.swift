/// What a diagnosis found out about a training that failed.
public struct DiagnosisReport: Hashable, Sendable {
  /// The file of the experiment or the run.
  public var subject: String
  public var verdict: Verdict
  public var steps: Int
  public var plannedSteps: Int
  public var firstLoss: Double
  public var lastLoss: Double
  public var baselineLoss: Double?
  public var findings: [WatchedFinding]
  /// The first tensor that was not finite, in order of execution; nil where all were.
  public var firstNonFinite: NonFinite?
  /// What was run again to find it; nil where nothing was.
  public var replay: Replay?
  /// What grew, from where and since when, the earliest first.
  public var onset: [Growth]
  /// What it all comes from; nil for a healthy run.
  public var rootCause: Verdicted?
  /// Every cause that was looked at, the most likely first.
  public var suspects: [Suspect]
  public var seconds: Double

  /// A tensor that is not finite, with what made it so.
  public struct NonFinite: Hashable, Sendable {
    public var step: Int
    public var place: StepRecord.Refusal.Place
    /// The layer, the parameter, or the row of the data.
    public var tensor: String
    public var value: String
    public var operatorName: String?
    public var shape: [Int]
    public var element: [Int]
    public var found: Double
    public var nanCount: Int
    public var infinityCount: Int
    /// `overflow_of_sum`, …; nil for data and weights that came with it.
    public var reason: String?
    public var explanation: String
    public var operands: [Operand]
    /// How many later values of the step only passed it on, and the first of them.
    public var passedOnCount: Int
    public var passedOn: [String]

    public struct Operand: Hashable, Sendable {
      public var name: String
      public var shape: [Int]
      public var minimum: Double
      public var maximum: Double
      /// The element at the result's place, where there is one to each.
      public var value: Double?

      public init(
        name: String, shape: [Int], minimum: Double, maximum: Double, value: Double?
      ) {
        (self.name, self.shape, self.value) = (name, shape, value)
        (self.minimum, self.maximum) = (minimum, maximum)
      }
    }

    public init(
      step: Int, place: StepRecord.Refusal.Place, tensor: String, value: String,
      operatorName: String?, shape: [Int], element: [Int], found: Double, nanCount: Int,
      infinityCount: Int, reason: String?, explanation: String, operands: [Operand],
      passedOn: [String]
    ) {
      (self.step, self.place, self.tensor, self.value) = (step, place, tensor, value)
      (self.operatorName, self.shape, self.element) = (operatorName, shape, element)
      (self.found, self.nanCount, self.infinityCount) = (found, nanCount, infinityCount)
      (self.reason, self.explanation, self.operands) = (reason, explanation, operands)
      passedOnCount = passedOn.count
      self.passedOn = Array(passedOn.prefix(5))
    }
  }

  /// Steps that were made again.
  public struct Replay: Hashable, Sendable {
    /// The step of the snapshot, the last healthy one.
    public var from: Int
    public var to: Int
    /// Whether every loss came out with the same bits.
    public var isIdentical: Bool

    public init(from: Int, to: Int, isIdentical: Bool) {
      (self.from, self.to, self.isIdentical) = (from, to, isIdentical)
    }
  }

  /// A quantity that grew from step to step.
  public struct Growth: Hashable, Sendable {
    public var quantity: String
    public var name: String
    public var step: Int
    /// The factor of its root mean square per step.
    public var rate: Double
    /// The factor in all.
    public var growth: Double
    public var sentence: String

    public init(
      quantity: String, name: String, step: Int, rate: Double, growth: Double, sentence: String
    ) {
      (self.quantity, self.name, self.step) = (quantity, name, step)
      (self.rate, self.growth, self.sentence) = (rate, growth, sentence)
    }
  }

  /// The root cause.
  public struct Verdicted: Hashable, Sendable {
    public var cause: RootCause
    /// Whether a run with nothing but this changed is healthy.
    public var isProven: Bool
    /// Why it is this and not another, in sentences.
    public var because: String

    public init(cause: RootCause, isProven: Bool, because: String) {
      (self.cause, self.isProven, self.because) = (cause, isProven, because)
    }
  }

  /// A cause that was looked at.
  public struct Suspect: Hashable, Sendable {
    public var cause: RootCause
    /// From 0 to 1: how strongly the run itself speaks for it.
    public var weight: Double
    /// What speaks for it and against it, a sentence each.
    public var evidence: [String]
    public var counterfactuals: [Counterfactual]

    public init(
      cause: RootCause, weight: Double, evidence: [String], counterfactuals: [Counterfactual] = []
    ) {
      (self.cause, self.weight, self.evidence) = (cause, weight, evidence)
      self.counterfactuals = counterfactuals
    }

    public var isProven: Bool { counterfactuals.contains { $0.isHealthy } }
  }

  /// The training with one thing changed, and what happened.
  public struct Counterfactual: Hashable, Sendable {
    public var change: String
    /// The step that it began at: that of a snapshot, or 0.
    public var fromStep: Int
    public var steps: Int
    public var verdict: Verdict
    /// Whether all steps were made, nothing was found, and the target was met.
    public var isHealthy: Bool
    public var lastLoss: Double
    /// The rules that still found something.
    public var rules: [RuleName]

    public init(
      change: String, fromStep: Int, steps: Int, verdict: Verdict, isHealthy: Bool,
      lastLoss: Double, rules: [RuleName]
    ) {
      (self.change, self.fromStep, self.steps) = (change, fromStep, steps)
      (self.verdict, self.isHealthy) = (verdict, isHealthy)
      (self.lastLoss, self.rules) = (lastLoss, rules)
    }
  }

  public init(
    subject: String, verdict: Verdict, steps: Int, plannedSteps: Int, firstLoss: Double,
    lastLoss: Double, baselineLoss: Double?, findings: [WatchedFinding]
  ) {
    (self.subject, self.verdict) = (subject, verdict)
    (self.steps, self.plannedSteps) = (steps, plannedSteps)
    (self.firstLoss, self.lastLoss, self.baselineLoss) = (firstLoss, lastLoss, baselineLoss)
    self.findings = findings
    (onset, suspects, seconds) = ([], [], 0)
  }
}

extension DiagnosisReport: JSONRepresentable {
  public static let schema = "evenkeel.diagnose/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "subject": .text(subject), "verdict": .text(verdict.rawValue),
      "root_cause": rootCause?.json ?? .null, "first_non_finite": firstNonFinite?.json ?? .null,
      "replay": replay?.json ?? .null, "onset": .array(onset.map(\.json)),
      "suspects": .array(suspects.map(\.json)), "steps": .integer(steps),
      "planned_steps": .integer(plannedSteps),
      "loss": .object([
        "first": .number(firstLoss), "last": .number(lastLoss), "baseline": .number(baselineLoss),
      ]),
      "findings": .array(findings.map(\.json)), "seconds": .number(seconds),
    ])
  }
}

extension DiagnosisReport.Verdicted: JSONRepresentable {
  public var json: JSON {
    .object([
      "cause": .text(cause.rawValue), "proven": .boolean(isProven), "because": .text(because),
    ])
  }
}

extension DiagnosisReport.NonFinite: JSONRepresentable {
  public var json: JSON {
    .object([
      "step": .integer(step), "place": .text(place.rawValue), "tensor": .text(tensor),
      "value": .text(value), "operator": .text(operatorName),
      "shape": .array(shape.map { .integer($0) }),
      "element": .array(element.map { .integer($0) }), "found": .number(found),
      "nan": .integer(nanCount), "inf": .integer(infinityCount), "cause": .text(reason),
      "explanation": .text(explanation),
      "operands": .array(
        operands.map { operand in
          .object([
            "name": .text(operand.name), "shape": .array(operand.shape.map { .integer($0) }),
            "minimum": .number(operand.minimum), "maximum": .number(operand.maximum),
            "value": .number(operand.value),
          ])
        }),
      "passed_on": .object([
        "count": .integer(passedOnCount), "first": .array(passedOn.map { .text($0) }),
      ]),
    ])
  }
}

extension DiagnosisReport.Replay: JSONRepresentable {
  public var json: JSON {
    .object([
      "from": .integer(from), "to": .integer(to), "identical": .boolean(isIdentical),
    ])
  }
}

extension DiagnosisReport.Growth: JSONRepresentable {
  public var json: JSON {
    .object([
      "quantity": .text(quantity), "name": .text(name), "step": .integer(step),
      "rate": .number(rate), "growth": .number(growth), "sentence": .text(sentence),
    ])
  }
}

extension DiagnosisReport.Suspect: JSONRepresentable {
  public var json: JSON {
    .object([
      "cause": .text(cause.rawValue), "weight": .number(weight), "proven": .boolean(isProven),
      "evidence": .array(evidence.map { .text($0) }),
      "counterfactuals": .array(counterfactuals.map(\.json)),
    ])
  }
}

extension DiagnosisReport.Counterfactual: JSONRepresentable {
  public var json: JSON {
    .object([
      "change": .text(change), "from_step": .integer(fromStep), "steps": .integer(steps),
      "verdict": .text(verdict.rawValue), "healthy": .boolean(isHealthy),
      "last_loss": .number(lastLoss), "rules": .array(rules.map { .text($0.rawValue) }),
    ])
  }
}
