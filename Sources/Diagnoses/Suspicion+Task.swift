import Experiments
import Findings
import Networks
import Numbers
import RealModule
import Remedies
import Training
import Trials
import Watching

// What speaks for causes that lie in the task: too few steps for it, or too small a network.

extension Suspicion {
  /// Whether the run made all of its steps, and does not reach what is asked of it.
  var fallsShort: Bool {
    patient.outcome.ending?.isComplete == true
      && (patient.outcome.meetsTarget == false || patient.outcome.fit?.isWorthless == true)
  }

  /// The loss near the end: a mean over a tenth of the steps before the last tenth, and over the last, with
  /// the standard error of their difference; nil for a run of a few steps.
  private var ending: (before: Double, last: Double, error: Double)? {
    let count = losses.count / 10
    guard count >= 5 else { return nil }
    func moments(_ part: ArraySlice<Double>) -> (mean: Double, error: Double) {
      let n = Double(part.count)
      let mean = part.reduce(0, +) / n
      let squares = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (mean, (squares / (n * (n - 1))).squareRoot())
    }
    let last = moments(losses.suffix(count))
    let before = moments(losses.dropLast(count).suffix(count))
    guard last.mean.isFinite, before.mean.isFinite else { return nil }
    return (
      before.mean, last.mean, (last.error * last.error + before.error * before.error).squareRoot()
    )
  }

  /// Whether the loss still falls at the end, by more than noise and a hundredth of itself.
  private var isStillFalling: Bool {
    guard let ending else { return false }
    return ending.before - ending.last > max(2 * ending.error, 0.01 * ending.last.magnitude)
  }

  var tooFewSteps: DiagnosisReport.Suspect? {
    guard fallsShort else { return nil }
    let steps = patient.outcome.plannedSteps
    if isIll {
      return .init(
        cause: .tooFewSteps, weight: 0.1,
        evidence: ["What is wrong besides does not go away with more steps."])
    }
    var evidence: [String] = []
    var weight = 0.4
    if steps < patient.experiment.thresholds.minimumSteps {
      evidence.append("\(Numerals.count(steps)) steps are too few to judge a training by.")
      weight = 0.7
    }
    if let ending {
      let text =
        "The mean loss of the last two tenths of the steps goes from \(Numerals.short(ending.before)) "
        + "to \(Numerals.short(ending.last))"
      evidence.append(text + (isStillFalling ? ": it still falls." : "."))
      if isStillFalling { weight = max(weight, 0.65) }
    }
    evidence.append("No gradient, activation or update is out of its range.")
    return .init(cause: .tooFewSteps, weight: weight, evidence: evidence)
  }

  var capacity: DiagnosisReport.Suspect? {
    guard fallsShort, !patient.isRefused else { return nil }
    let network = patient.experiment.network
    if network.isLinear, network.hasHiddenLayers {
      return .init(
        cause: .capacity, weight: isIll ? 0.4 : 0.9,
        evidence: [
          "The network has no function but linear ones, so that all of its layers are one linear layer."
        ])
    }
    let narrowest = start.narrowestWidth
    if let narrowest, narrowest < MoreUnits.few / 2 {
      return .init(
        cause: .capacity, weight: isIll ? 0.5 : 0.75,
        evidence: [
          "All that the network knows of a sample passes a hidden layer of \(narrowest) "
            + "\(narrowest == 1 ? "unit" : "units")."
        ])
    }
    guard !isIll, !isStillFalling else { return nil }
    return .init(
      cause: .capacity, weight: 0.45,
      evidence: ["The loss no longer falls, and no gradient or activation is out of its range."])
  }
}

extension [DiagnosisReport.Suspect] {
  /// These and others, one for each cause with the greater weight and the evidence of both, the heaviest
  /// first.
  func joined(by others: [DiagnosisReport.Suspect]) -> [DiagnosisReport.Suspect] {
    var result = self
    for other in others {
      guard let place = result.firstIndex(where: { $0.cause == other.cause }) else {
        result.append(other)
        continue
      }
      let known = result[place].evidence
      result[place].evidence = other.evidence.filter { !known.contains($0) } + known
      result[place].weight = Swift.max(result[place].weight, other.weight)
      result[place].heals = result[place].heals || other.heals
      result[place].isProven = result[place].isProven || other.isProven
      result[place].counterfactuals += other.counterfactuals
    }
    return result.sorted { Suspicion.isHeavier($0, $1) }
  }
}
