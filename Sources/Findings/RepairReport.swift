/// What a search for a repair tried, and what it came to.
public struct RepairReport: Hashable, Sendable {
  /// The file of what was to be repaired.
  public var subject: String
  public var outcome: Outcome
  /// The changes of the repair, those that matter most first; empty where none was found.
  public var changes: [String]
  /// The repaired network or experiment as YAML; nil where none was found.
  public var repaired: String?
  /// Everything that was tried, in order.
  public var tried: [Try]
  /// Why nothing was tried, or what the search came to besides, in a sentence; nil where nothing is to
  /// be said.
  public var reason: String?
  /// What the experiment as it was came to with the seeds of the proof.
  public var controls: [Control] = []
  /// Steps that all of it took.
  public var steps: Int
  /// What ``steps`` counts.
  public var unit = Unit.steps
  /// Runs with other seeds that the repair was proven by, and their losses.
  public var proof: [Proof]
  /// What a random choice of remedies came to with as many steps; nil where it was not asked for.
  public var random: RandomChoice?
  public var firstLoss: Double
  public var brokenLoss: Double
  /// Outputs of the repaired model against those before, both in doubles; nil of networks in YAML.
  public var outputs: Outputs?
  /// Warnings about a repaired model that nothing tried takes away, and that were there before.
  public var remaining: [RuleName] = []
  /// The format that a model was to be taken to; nil where that was not asked for.
  public var format: String?
  /// Operators that stay in fp32 when a model is taken to a format.
  public var keptInSingle: [String] = []
  /// What was known of the weights of a model, and what follows from it; nil where it did not matter.
  public var weights: String?
  /// The files that were written.
  public var files: [String] = []
  public var seconds: Double

  /// What a search spends.
  public enum Unit: String, Hashable, Sendable {
    /// Steps of training.
    case steps
    /// Checks of a network or a model.
    case checks
    /// Runs of a model in a format.
    case runs

    /// So many of them, in words.
    func counted(_ count: Int) -> String {
      "\(Numerals.count(count)) \(count == 1 ? String(rawValue.dropLast()) : rawValue)"
    }
  }

  /// What the search took, in words.
  public var effort: String { unit.counted(steps) }

  public enum Outcome: String, Hashable, Sendable {
    /// Nothing was wrong.
    case healthy
    case repaired
    /// What a change is for is cured, and errors of other kinds remain.
    case partlyRepaired = "partly_repaired"
    /// Nothing that was tried within the budget is healthy for every seed.
    case unrepaired
  }

  /// A change, or several, that were tried.
  public struct Try: Hashable, Sendable {
    public var remedies: [String]
    public var changes: [String]
    public var verdict: TrainingVerdict
    public var isHealthy: Bool
    public var lastLoss: Double
    public var accuracy: Double?
    public var steps: Int
    /// The seeds for which it is healthy, of those that were tried.
    public var healthySeeds: Int
    public var seeds: Int
    /// The rules that still found something.
    public var rules: [RuleName]
    /// Why it is no cure although nothing was found; nil where nothing speaks against it.
    public var objection: String?

    /// A change of a network or a model that was checked.
    public init(
      remedies: [String], changes: [String], verdict: Verdict, isHealthy: Bool, lastLoss: Double,
      accuracy: Double?, steps: Int, rules: [RuleName]
    ) {
      self.init(
        remedies: remedies, changes: changes, verdict: TrainingVerdict(verdict),
        isHealthy: isHealthy, lastLoss: lastLoss, accuracy: accuracy, steps: steps, rules: rules)
    }

    /// A change of an experiment that was trained.
    public init(
      remedies: [String], changes: [String], verdict: TrainingVerdict, isHealthy: Bool,
      lastLoss: Double, accuracy: Double?, steps: Int, rules: [RuleName]
    ) {
      (self.remedies, self.changes, self.verdict) = (remedies, changes, verdict)
      (self.isHealthy, self.lastLoss, self.accuracy) = (isHealthy, lastLoss, accuracy)
      (self.steps, self.rules) = (steps, rules)
      (healthySeeds, seeds) = (isHealthy ? 1 : 0, 1)
    }
  }

  /// A run of the repaired experiment.
  public struct Proof: Hashable, Sendable {
    public var seed: UInt64
    public var lastLoss: Double
    public var accuracy: Double?

    public init(seed: UInt64, lastLoss: Double, accuracy: Double?) {
      (self.seed, self.lastLoss, self.accuracy) = (seed, lastLoss, accuracy)
    }
  }

  /// A run of the experiment as it was, with a seed that a repair was proven by.
  public struct Control: Hashable, Sendable {
    public var seed: UInt64
    public var verdict: TrainingVerdict
    public var lastLoss: Double

    public init(seed: UInt64, verdict: TrainingVerdict, lastLoss: Double) {
      (self.seed, self.verdict, self.lastLoss) = (seed, verdict, lastLoss)
    }
  }

  /// How outputs of a repaired model compare with those of the model as it was.
  public struct Outputs: Hashable, Sendable {
    /// What the change promises of them.
    public var promise: Promise
    /// Elements that were finite before, in fp64 and in fp32, over all draws of inputs.
    public var compared: Int
    public var count: Int
    /// The greatest distance in fp64, against the larger of the element and the root mean square.
    public var largestError: Double
    /// The distance of each output from what the model gave in fp64, in the Euclidean norm, against the
    /// norm of that output, computed in the formats that the repaired model has.
    public var errors: [Output]
    /// What these may be at most.
    public var limit: Double

    public enum Promise: String, Hashable, Sendable {
      /// The outputs are the same in real arithmetic.
      case equal
      /// They move by no more than the limit.
      case near
      /// They are others.
      case changed
    }

    /// One output.
    public struct Output: Hashable, Sendable {
      public var name: String
      public var error: Double

      public init(name: String, error: Double) { (self.name, self.error) = (name, error) }
    }

    public init(
      promise: Promise, compared: Int, count: Int, largestError: Double, errors: [Output],
      limit: Double
    ) {
      (self.promise, self.compared, self.count) = (promise, compared, count)
      (self.largestError, self.errors, self.limit) = (largestError, errors, limit)
    }

    /// Whether the change leaves the outputs as they were, in real arithmetic.
    public var isExact: Bool { promise == .equal }

    /// The output that is furthest off.
    public var worst: Output? { errors.max { $0.error < $1.error } }

    /// Why the outputs speak against a change, as part of a sentence.
    public var objection: String {
      guard let worst, worst.error > limit else {
        return "it is not equal in fp64: elements differ by up to \(Numerals.short(largestError))"
      }
      return
        "moves the output \(worst.name) by \(Self.share(worst.error)) of its norm, the limit is "
        + Self.share(limit)
    }

    /// A share for people; what is beyond ten is no matter of percents.
    public static func share(_ value: Double) -> String {
      value < 10
        ? Numerals.percent(value)
        : value.isFinite ? "\(Numerals.short(value)) times" : "more than any number"
    }
  }

  /// A random choice of remedies.
  public struct RandomChoice: Hashable, Sendable {
    public var tries: Int
    public var steps: Int
    /// Whether it found a repair that is healthy for every seed.
    public var isRepaired: Bool
    /// Steps until then; nil where it found none.
    public var stepsToRepair: Int?

    public init(tries: Int, steps: Int, isRepaired: Bool, stepsToRepair: Int?) {
      (self.tries, self.steps, self.isRepaired) = (tries, steps, isRepaired)
      self.stepsToRepair = stepsToRepair
    }
  }

  public init(subject: String, outcome: Outcome) {
    (self.subject, self.outcome) = (subject, outcome)
    (changes, repaired, tried, steps, proof) = ([], nil, [], 0, [])
    (firstLoss, brokenLoss, seconds) = (.nan, .nan, 0)
  }
}

extension RepairReport: JSONRepresentable {
  public static let schema = "evenkeel.repair/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "subject": .text(subject),
      "outcome": .text(outcome.rawValue), "changes": .array(changes.map { .text($0) }),
      "repaired": .text(repaired), "tried": .array(tried.map(\.json)), "steps": .integer(steps),
      "proof": .array(
        proof.map {
          .object([
            "seed": .integer(Int(clamping: $0.seed)), "last_loss": .number($0.lastLoss),
            "accuracy": .number($0.accuracy),
          ])
        }), "reason": .text(reason),
      "controls": .array(
        controls.map {
          .object([
            "seed": .integer(Int(clamping: $0.seed)), "verdict": .text($0.verdict.rawValue),
            "last_loss": .number($0.lastLoss),
          ])
        }), "random_choice": random?.json ?? .null,
      "loss": .object(["first": .number(firstLoss), "broken": .number(brokenLoss)]),
      "outputs": outputs?.json ?? .null, "files": .array(files.map { .text($0) }),
      "remaining": .array(remaining.map { .text($0.rawValue) }),
      "format": .text(format), "kept_in_fp32": .array(keptInSingle.map { .text($0) }),
      "weights": .text(weights), "seconds": .number(seconds),
    ])
  }
}

extension RepairReport.Try: JSONRepresentable {
  public var json: JSON {
    .object([
      "remedies": .array(remedies.map { .text($0) }),
      "changes": .array(changes.map { .text($0) }), "verdict": .text(verdict.rawValue),
      "healthy": .boolean(isHealthy), "last_loss": .number(lastLoss),
      "accuracy": .number(accuracy), "steps": .integer(steps),
      "healthy_seeds": .integer(healthySeeds), "seeds": .integer(seeds),
      "rules": .array(rules.map { .text($0.rawValue) }), "objection": .text(objection),
    ])
  }
}

extension RepairReport.Outputs: JSONRepresentable {
  public var json: JSON {
    .object([
      "exact": .boolean(isExact), "promise": .text(promise.rawValue),
      "compared": .integer(compared), "count": .integer(count),
      "largest_error": .number(largestError), "limit": .number(limit),
      "errors": .array(
        errors.map { .object(["output": .text($0.name), "error": .number($0.error)]) }),
    ])
  }
}

extension RepairReport.RandomChoice: JSONRepresentable {
  public var json: JSON {
    .object([
      "tries": .integer(tries), "steps": .integer(steps), "repaired": .boolean(isRepaired),
      "steps_to_repair": stepsToRepair.map { .integer($0) } ?? .null,
    ])
  }
}
