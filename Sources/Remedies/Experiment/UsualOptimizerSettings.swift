import Experiments
public import Findings
import Training
import Trials

/// The usual momentum and averages of the optimiser, with its rate and decay as they are.
public struct UsualOptimizerSettings: ExperimentRemedy {
  public let name = "usual_optimizer_settings"
  public let cause: RootCause? = .optimizerSettings
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let optimizer = patient.experiment.training.optimizer
    let kept: Set<String> = ["learning_rate", "weight_decay"]
    let usual = type(of: optimizer).init().optionValues.filter { !kept.contains($0.key) }
    let own = optimizer.settings(otherThan: kept)
    guard !own.isEmpty else { return [] }
    var choices = [(usual, "its usual settings")]
    if optimizer.optionValues["momentum"] ?? 0 > 0.9 {
      choices.append((usual.merging(["momentum": 0.9]) { _, new in new }, "a momentum of 0.9"))
    }
    let name = type(of: optimizer).name
    return choices.enumerated().compactMap { number, choice in
      let changed = optimizer.with(choice.0)
      guard changed.optionValues != optimizer.optionValues else { return nil }
      return Amendment(
        self, "give \(name) \(choice.1) in place of\(own.dropFirst(5)) (training: optimizer)",
        patient.changed { $0.training.optimizer = changed }, needsNewStart: true,
        extraEffort: number)
    }
  }
}
