import Experiments
public import Findings
import Networks
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
    let least = 1e-7
    return factors.compactMap { factor in
      let wanted = Self.rounded(rate * factor)
      guard wanted >= least, wanted <= 10 else { return nil }
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

/// A learning rate that rises over the first tenth of the steps.
public struct Warmup: ExperimentRemedy {
  public let name = "warmup"
  public let cause: RootCause? = nil
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard patient.experiment.training.schedule.warmup == 0, patient.outcome.plannedSteps >= 20
    else {
      return []
    }
    let steps = max(1, patient.outcome.plannedSteps / 10)
    return [
      Amendment(
        self,
        "let the learning rate rise over the first \(steps) steps (training: warmup: \(steps))",
        patient.changed { $0.training.schedule.warmup = steps }, needsNewStart: true)
    ]
  }
}

/// Adam with its usual settings, which needs no learning rate of its own for every layer.
public struct AdamOptimizer: ExperimentRemedy {
  public let name = "adam"
  public let cause: RootCause? = nil
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    [1e-3, 1e-2].compactMap { rate in
      var adam = Adam()
      adam.learningRate = rate
      let current = patient.experiment.training.optimizer
      guard !(current is Adam && current.learningRate == rate) else { return nil }
      return Amendment(
        self,
        "use adam with the learning rate \(Numerals.short(rate)) (training: optimizer: {adam: "
          + "\(Numerals.short(rate))})",
        patient.changed {
          $0.training.optimizer = adam
          $0.training.clipping = nil
        }, needsNewStart: true)
    }
  }
}

/// Gradients of every parameter brought to one size before the optimiser sees them.
public struct GradientScaleNormalization: ExperimentRemedy {
  public let name = "normalize_gradients"
  public let cause: RootCause? = nil
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let training = patient.experiment.training
    guard !training.treatments.contains(where: { $0 is GradientNormalization }),
      patient.rules.contains(.vanishingGradient) || patient.rules.contains(.explodingGradient)
    else { return [] }
    return [
      Amendment(
        self,
        "bring the gradients of all layers to one size (training: gradients: "
          + "[normalization])",
        patient.changed { $0.training.treatments.append(GradientNormalization()) })
    ]
  }
}

/// Four times as many samples in a batch, so that gradients are less noisy.
public struct BatchSize: ExperimentRemedy {
  public let name = "batch_size"
  public let cause: RootCause? = nil
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let batch = patient.experiment.training.batch
    guard batch < 32 else { return [] }
    return [
      Amendment(
        self, "take \(4 * batch) samples into a batch (training: batch: \(4 * batch))",
        patient.changed { $0.training.batch = 4 * batch }, needsNewStart: true)
    ]
  }
}
