import Experiments
public import Findings
import RealModule
import Training
import Trials

/// Another learning rate: smaller where steps overshoot, larger where nothing moves.
public struct LearningRateChange: ExperimentRemedy {
  public let name = "learning_rate"
  public let cause: RootCause? = .learningRate
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let rate = patient.experiment.training.optimizer.learningRate
    guard rate > 0 else { return [] }
    let rules = patient.rules
    let isTooLarge =
      patient.isRefused
      || !rules.isDisjoint(with: [
        .learningRateTooLarge, .oscillatingLoss, .explodingGradient, .explodingActivation,
        .deadUnits,
        .overflow, .nonFinite,
      ]) || patient.symptoms.greatestUpdateRatio > 0.3
    let smaller = [0.1, 0.01, 1e-3, 1e-4, 1e-5]
    let larger = [10.0, 100, 1000, 1e4, 1e5]
    let factors =
      rules.contains(.learningRateTooSmall) && !rules.contains(.learningRateTooLarge)
      ? larger + smaller.prefix(2) : isTooLarge ? smaller + larger.prefix(1) : [10, 0.1, 100, 0.01]
    var rates = factors.map { Self.rounded(rate * $0) }
    if isTooLarge, let stable = patient.stableRate, stable < rate {
      // A part of what the sharpness allows: it grows while the network learns.
      rates = [4, 2].map { Self.rounded(stable / $0) } + rates
    }
    return rates.compactMap { wanted in
      guard (1e-7...10).contains(wanted) else { return nil }
      return Amendment(
        self,
        "set the learning rate to \(Numerals.short(wanted)) in place of "
          + Numerals.short(rate), patient.changed { $0.training.optimizer.learningRate = wanted })
    }
  }

  /// Two significant digits.
  private static func rounded(_ x: Double) -> Double {
    let power = Double.pow(10, Double.log10(x).rounded(.down) - 1)
    return Double(Numerals.precise((x / power).rounded() * power)) ?? x
  }
}
