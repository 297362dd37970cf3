/// What a diagnosis found out about a training that failed.
public struct DiagnosisReport: Hashable, Sendable {
  /// The file of the experiment or the run.
  public var subject: String
  public var verdict: TrainingVerdict
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
  /// What it all comes from; nil for a healthy run, and where no cause was found.
  public var rootCause: Verdicted?
  /// Every cause that was looked at, the most likely first.
  public var suspects: [Suspect]
  /// The unchanged training with other seeds.
  public var controls: [Control] = []
  /// What is to be said where no cause is named, in sentences.
  public var note: String?
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
    /// Whether runs with nothing but this changed are healthy where the unchanged ones, with the same
    /// seeds, are not.
    public var isProven: Bool
    /// What else is at fault, where it takes changes of several causes together.
    public var others: [RootCause]
    /// What to change, as it was proven; nil where nothing was.
    public var change: String?
    /// Why it is this and not another, in sentences.
    public var because: String

    public init(
      cause: RootCause, isProven: Bool, because: String, others: [RootCause] = [],
      change: String? = nil
    ) {
      (self.cause, self.isProven, self.because) = (cause, isProven, because)
      (self.others, self.change) = (others, change)
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
    /// Whether a change of it was healthy with every seed for which the unchanged training is not.
    public var heals = false
    /// The same, and no other seed alone makes the unchanged training healthy.
    public var isProven = false

    public init(
      cause: RootCause, weight: Double, evidence: [String], counterfactuals: [Counterfactual] = []
    ) {
      (self.cause, self.weight, self.evidence) = (cause, weight, evidence)
      self.counterfactuals = counterfactuals
    }
  }

  /// The training with one thing changed, and what happened.
  public struct Counterfactual: Hashable, Sendable {
    public var change: String
    /// The step that it began at: that of a snapshot, or 0.
    public var fromStep: Int
    public var steps: Int
    public var verdict: TrainingVerdict
    /// Whether all steps were made, nothing was found, the target was met, and the loss ends below where
    /// it began and below that of a constant prediction.
    public var isHealthy: Bool
    /// Whether with some seed only the target was still missed, once a contradiction of the file or its
    /// data was taken away.
    public var isRelieved = false
    /// Other seeds for which the unchanged training fails, and whether this was healthy, or relieved,
    /// with them.
    public var seeds: [UInt64: Bool] = [:]
    public var lastLoss: Double
    /// The rules that still found something.
    public var rules: [RuleName]
    /// Why it is no cure although nothing was found; nil where nothing speaks against it.
    public var objection: String?

    public init(
      change: String, fromStep: Int, steps: Int, verdict: TrainingVerdict,
      isHealthy: Bool, lastLoss: Double, rules: [RuleName],
      objection: String? = nil
    ) {
      (self.change, self.fromStep, self.steps) = (change, fromStep, steps)
      (self.verdict, self.isHealthy) = (verdict, isHealthy)
      (self.lastLoss, self.rules, self.objection) = (lastLoss, rules, objection)
    }
  }

  /// The unchanged training with another seed.
  public struct Control: Hashable, Sendable {
    public var seed: UInt64
    public var verdict: TrainingVerdict
    public var lastLoss: Double
    public var isHealthy: Bool

    public init(seed: UInt64, verdict: TrainingVerdict, lastLoss: Double, isHealthy: Bool) {
      (self.seed, self.verdict) = (seed, verdict)
      (self.lastLoss, self.isHealthy) = (lastLoss, isHealthy)
    }
  }

  public init(
    subject: String, verdict: TrainingVerdict, steps: Int, plannedSteps: Int, firstLoss: Double,
    lastLoss: Double, baselineLoss: Double?, findings: [WatchedFinding]
  ) {
    (self.subject, self.verdict) = (subject, verdict)
    (self.steps, self.plannedSteps) = (steps, plannedSteps)
    (self.firstLoss, self.lastLoss, self.baselineLoss) = (firstLoss, lastLoss, baselineLoss)
    self.findings = findings
    (onset, suspects, seconds) = ([], [], 0)
  }
}
