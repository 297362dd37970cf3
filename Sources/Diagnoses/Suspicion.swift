import Experiments
import Findings
import Networks
import Numbers
import Remedies
import Semantics
import Training
import Trials
import Watching

/// What a run itself says for and against each cause, before anything is tried.
struct Suspicion {
  let patient: Patient
  let start: StartState
  let origin: NonFiniteOrigin?
  /// The loss of every step.
  var losses: [Double] = []

  /// Every cause with its weight and evidence, the heaviest first.
  var suspects: [DiagnosisReport.Suspect] {
    [
      initialization, activation, learningRate, depth, numberFormat, lossFormulation, data,
      missingEpsilon, clipping, capacity, tooFewSteps,
    ].compactMap(\.self).sorted { Self.isHeavier($0, $1) }
  }

  /// What heals comes first, then what the run speaks for most; the order of causes decides where both
  /// are equal.
  static func isHeavier(
    _ a: DiagnosisReport.Suspect, _ b: DiagnosisReport.Suspect
  ) -> Bool {
    (a.heals ? 1 : 0, a.weight) > (b.heals ? 1 : 0, b.weight)
  }

  /// Whether something numerical was found that holds: more than a loss that does not fall, or falls too
  /// slowly or for the training's own samples alone.
  var isIll: Bool {
    patient.isRefused
      || patient.outcome.standingFindings.contains {
        switch $0.finding.rule {
        case .lossNotDecreasing, .generalizationGap: false
        case .learningRateTooSmall: movesTooLittle
        default: $0.finding.severity == .error
        }
      }
  }

  /// Whether the updates of the whole run together are too small to change the outputs of layers.
  private var movesTooLittle: Bool {
    guard let found = finding(.learningRateTooSmall)?.finding else { return false }
    func number(_ name: String) -> Double? { found.evidence.first { $0.name == name }?.value }
    guard let change = number("change"), let limit = number("small_change") else { return true }
    return change < limit
  }

  private typealias Suspect = DiagnosisReport.Suspect

  private var training: TrainingSettings { patient.experiment.training }

  private func finding(_ rule: RuleName) -> WatchedFinding? {
    patient.outcome.findings.first { $0.finding.rule == rule && $0.finding.severity > .note }
  }

  // MARK: - How the network begins

  /// What the first step shows, in a sentence.
  private var balance: String {
    if start.isBroken { return "In the first step a layer hands on zeros, or nothing finite." }
    let (forward, backward) = (start.activationPowers, start.gradientPowers)
    guard start.isUnbalanced else {
      return "In the first step signals keep their size over depth: second moments change by a "
        + "factor of \(Numerals.power(forward)) forward and \(Numerals.power(backward)) backward."
    }
    return
      "In the first step second moments change by a factor of \(Numerals.power(forward)) from the "
      + "first hidden layer to the last, and those of gradients by \(Numerals.power(backward)) on their way "
      + "back."
  }

  private var initialization: Suspect? {
    let scale = Numerals.short(start.scale)
    var evidence = [balance]
    evidence.append(
      "Weights start with \(scale) times the root mean square that their activations ask for.")
    if !(0.5...1.6).contains(start.recurrentScale) {
      evidence.append(
        "Recurrent weights start with a spectral radius of "
          + "\(Numerals.short(start.recurrentScale)), so "
          + "that the state grows or shrinks by it in every time step.")
      return Suspect(
        cause: .initialization, weight: start.isUnbalanced || patient.isRefused ? 0.93 : 0.6,
        evidence: evidence)
    }
    if start.isSymmetric {
      evidence.append("Weights of a layer start all alike, so that its units cannot differ.")
      return Suspect(cause: .initialization, weight: 0.96, evidence: evidence)
    }
    if start.biasScale > 1.5 {
      evidence.append("Biases start at \(Numerals.short(start.biasScale)).")
      return Suspect(cause: .initialization, weight: 0.88, evidence: evidence)
    }
    let weight: Double =
      switch (start.isUnbalanced, start.isOffScale) {
      case (true, true): 0.92
      case (false, true): start.scale > 3 || start.scale < 0.2 ? 0.75 : 0.45
      case (true, false): 0.4
      case (false, false): 0.1
      }
    return Suspect(cause: .initialization, weight: weight, evidence: evidence)
  }

  private var activation: Suspect? {
    guard !start.awkward.isEmpty || finding(.deadUnits) != nil || finding(.saturatedUnits) != nil
    else { return nil }
    var evidence: [String] = []
    var weight = 0.15
    if !start.awkward.isEmpty {
      let names = Set(start.awkward).sorted().joined(separator: ", ")
      evidence.append(
        "The outputs of \(names) are far from mean 0, or its slope is far from 1, so that no usual "
          + "start keeps signals in size.")
      weight = start.isUnbalanced ? 0.91 : patient.isRefused ? 0.7 : 0.6
      if start.isOffScale {
        weight -= 0.25
        evidence.append(
          "Weights do not start at a usual scale either: \(Numerals.short(start.scale)) times it.")
      }
    }
    if origin?.reason == .overflowOfExponential, start.awkward.contains("exponential") {
      weight = max(weight, 0.93)
      evidence.append("The first number that is not finite is an exponential's.")
    }
    for rule in [RuleName.deadUnits, .saturatedUnits] {
      guard let found = finding(rule) else { continue }
      evidence.append(found.finding.message)
      if found.since == 0 { weight = max(weight, 0.35) }
    }
    evidence.append(balance)
    return Suspect(cause: .activation, weight: weight, evidence: evidence)
  }

  private var depth: Suspect? {
    guard start.depth > 2 else { return nil }
    var evidence = ["The network has \(start.depth) layers with weights"]
    evidence[0] +=
      start.hasNorms || start.hasResiduals
      ? ", with \(start.hasNorms ? "norms" : "")\(start.hasNorms && start.hasResiduals ? " and " : "")"
        + "\(start.hasResiduals ? "residual connections" : "")."
      : ", without norms and residual connections."
    evidence.append(balance)
    let isPlain = !start.hasNorms || !start.hasResiduals
    let isOwn = start.isUnbalanced && !start.isOffScale && start.awkward.isEmpty
    let weight =
      isOwn && isPlain ? 0.85 : start.depth >= 20 && isPlain ? 0.3 : isPlain ? 0.12 : 0.05
    return Suspect(cause: .depth, weight: weight, evidence: evidence)
  }

  // MARK: - How it is trained

  private var learningRate: Suspect? {
    let rate = training.optimizer.learningRate
    var evidence = [
      "The learning rate is \(Numerals.short(rate)) (\(type(of: training.optimizer).name))."
    ]
    let early = patient.symptoms.greatestUpdateRatio
    if early > 0 {
      evidence.append(
        "In the first steps an update is up to \(Numerals.short(early)) times its weights.")
    }
    // Without evidence of its own the rate is no cause, however much another rate might help.
    var weight = 0.15
    if let found = finding(.learningRateTooLarge) {
      evidence.append(found.finding.message)
      weight = 0.9
    } else if let found = finding(.learningRateTooSmall) {
      evidence.append(found.finding.message)
      // A slow fall has many causes; updates that cannot move the weights have this one.
      weight = movesTooLittle ? 0.87 : 0.5
    } else if let found = finding(.oscillatingLoss) {
      evidence.append(found.finding.message)
      weight = 0.8
    } else if patient.isRefused || !patient.symptoms.origins.isEmpty {
      weight = 0.7
    }
    if let stableRate = patient.stableRate {
      evidence.append(
        "By the sharpness at the last healthy step, 2/λ, rates up to \(Numerals.short(stableRate)) are "
          + "stable there.")
      if rate > 4 * stableRate { weight = max(weight, 0.75) }
    }
    if early > 0.5 { weight = max(weight, 0.8) }
    let usual = patient.symptoms.usualUpdateRatio
    if usual > 0, usual < Self.smallUpdates {
      evidence.append(
        "An update is \(Numerals.short(usual)) of the weights' own start in the mean of the first "
          + "steps; one in a thousand is usual.")
      if fallsShort, !isIll, patient.outcome.steps >= patient.experiment.thresholds.minimumSteps {
        weight = max(weight, 0.67)
      }
      if usual < 1e-3 * Self.smallUpdates { weight = max(weight, 0.6) }
    }
    if losesUpdates {
      evidence.append("Most updates are lost to the number format, whatever their rate.")
      weight = min(weight, 0.55)
    }
    if start.isUnbalanced {
      evidence.append("What goes wrong is there before the first update. " + balance)
      weight = min(weight, early > 10 ? 0.6 : 0.3)
    } else {
      evidence.append(balance)
    }
    return Suspect(cause: .learningRate, weight: weight, evidence: evidence)
  }

  /// Ratios of updates to weights below this are small.
  private static let smallUpdates = 1e-3

  /// Whether a narrow format that weights are kept in loses most of the updates.
  private var losesUpdates: Bool {
    !training.precision.keepsMasters && training.precision.format != .fp32
      && patient.symptoms.lostShare > 0.4
  }

  private var clipping: Suspect? {
    guard let clipping = training.clipping else { return nil }
    let name = type(of: clipping).name
    let sorted = patient.symptoms.clipCoefficients.sorted()
    guard !sorted.isEmpty else { return nil }
    let median = sorted[sorted.count / 2]
    let text =
      "Clipping by \(name) multiplies gradients by \(Numerals.short(median)) in half of the steps."
    let weight = median < 0.01 ? 0.93 : median < 0.2 ? 0.6 : 0.1
    return Suspect(cause: .clipping, weight: weight, evidence: [text])
  }

  private var numberFormat: Suspect? {
    let precision = training.precision
    let backward = precision.backwardFormat ?? precision.format
    guard precision.format != .fp32 || backward != .fp32 else { return nil }
    var evidence = [
      "The run computes in \(precision.format.name)"
        + (backward == precision.format ? "" : " and \(backward.name) backward")
        + (precision.keepsMasters ? "" : ", without weights in single precision") + "."
    ]
    var weight = 0.5
    if losesUpdates {
      evidence.append(
        "\(Numerals.percent(patient.symptoms.lostShare)) of the updates are below half the "
          + "distance "
          + "between numbers at their weights, and are lost.")
      weight = 0.92
    }
    if origin?.reason == .overflowOfCast {
      evidence.append("The first number that is not finite is finite in single precision.")
      weight = 0.85
    }
    for rule in [RuleName.underflow, .lostUpdates, .overflow] {
      guard let found = finding(rule) else { continue }
      evidence.append(found.finding.message)
      weight = max(weight, 0.8)
    }
    return Suspect(cause: .numberFormat, weight: weight, evidence: evidence)
  }

  private var lossFormulation: Suspect? {
    guard let loss = patient.experiment.network.loss?.name,
      ["nll_of_softmax", "bce_on_probabilities"].contains(loss)
    else { return nil }
    var evidence = ["The loss '\(loss)' takes the logarithm of a number that rounds to 0."]
    let isThere = origin?.tensor == "loss"
    if isThere { evidence.append("The first number that is not finite is in the loss.") }
    return Suspect(cause: .lossFormulation, weight: isThere ? 0.94 : 0.4, evidence: evidence)
  }

  private var missingEpsilon: Suspect? {
    let hasRemedy =
      !OptimizerEpsilon().amendments(for: patient).isEmpty
      || !NormEpsilon().amendments(for: patient).isEmpty
    guard hasRemedy else { return nil }
    var evidence = ["A denominator has an epsilon far below the usual one."]
    let isThere =
      origin.map {
        [.zeroOverZero, .divisionByZero, .vanishedNorm, .infinityOverInfinity].contains($0.reason)
      } ?? false
    if isThere { evidence.append("The first number that is not finite comes from a division.") }
    return Suspect(cause: .missingEpsilon, weight: isThere ? 0.97 : 0.75, evidence: evidence)
  }

  private var data: Suspect? {
    var evidence: [String] = []
    var weight = 0.0
    if let first = patient.symptoms.badSamples.first {
      let count = patient.symptoms.badSamples.count
      evidence.append(
        "\(first)\(count > 1 ? " and \(count - 1) more samples hold" : " holds") a number that "
          + "is not "
          + "finite.")
      weight = origin?.place == .input ? 1 : 0.7
    }
    if let features = patient.symptoms.features, patient.experiment.data.standardization == nil {
      let (low, high) = (features.deviations.lowerBound, features.deviations.upperBound)
      if features.scale > 3 || features.scale < 0.3 || features.offset > 3 || high > 10 * low {
        evidence.append(
          "Features have a root mean square of \(Numerals.short(features.scale)); deviations of "
            + "single ones go from \(Numerals.short(low)) to \(Numerals.short(high)), and a mean "
            + "lies "
            + "up to \(Numerals.short(features.offset)) deviations from 0.")
        let isFar =
          features.scale > 20 || features.scale < 0.03 || features.offset > 20 || high > 100 * low
        weight = max(weight, isFar ? 0.94 : 0.5)
      }
    }
    return evidence.isEmpty ? nil : Suspect(cause: .data, weight: weight, evidence: evidence)
  }
}
