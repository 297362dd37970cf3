import Experiments
public import Findings
import Networks
import Samples
import Training
import Trials

/// Targets of a regression with mean 0 and deviation 1.
public struct StandardizeTargets: ExperimentRemedy {
  public let name = "standardize_targets"
  public let cause: RootCause? = .targetScale
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let data = patient.symptoms.samples.training
    guard !patient.experiment.data.standardizesTargets, case .reals = data.targets,
      patient.experiment.network.loss?.reading == .values,
      let scale = try? TargetStandardization(of: data)
    else { return [] }
    let units = scale.deviations.map { $0 * $0 }.reduce(0, +) / Double(scale.deviations.count)
    let mean = scale.means.map { $0 * $0 }.reduce(0, +) / Double(scale.means.count)
    // Targets that have this scale already gain nothing.
    guard units > 2 || units < 0.5 || mean > 4 * units, units > 0, units.isFinite else { return [] }
    var sentence =
      "give targets mean 0 and deviation 1 (data: standardize_targets: true); predictions and "
      + "losses "
      + "are in these units then, a mean squared error of 1 for \(Numerals.short(units))"
    var target = patient.experiment.training.target
    // What was asked of the loss stays asked, in the new units.
    if let unit = Self.unit(of: patient.experiment.network.loss?.name, variance: units) {
      let first = patient.outcome.firstLoss
      switch target {
      case .loss(let limit)?:
        target = .loss(limit / unit)
        sentence +=
          ", and the target of the loss is \(Numerals.short(limit / unit)) in place of "
          + Numerals.short(limit)
      case .lossRatio(let ratio)? where first > 0 && first.isFinite:
        target = .loss(ratio * first / unit)
        sentence +=
          ", and the target of the loss is \(Numerals.short(ratio * first / unit)), which is "
          + "\(Numerals.short(ratio)) times the first loss as it was"
      default: break
      }
    }
    return [
      Amendment(
        self, sentence,
        patient.changed {
          $0.data.standardizesTargets = true
          $0.training.target = target
        }, needsNewStart: true)
    ]
  }

  /// What a loss of 1 for targets of variance 1 is for those of `variance`; nil for losses that do not
  /// scale with their targets.
  private static func unit(of loss: String?, variance: Double) -> Double? {
    switch loss {
    case "mean_squared_error": variance
    case "l1": variance.squareRoot()
    default: nil
    }
  }
}
