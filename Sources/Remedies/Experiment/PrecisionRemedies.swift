import Experiments
public import Findings
import Numbers
import Training
import Trials

/// Everything in single precision.
public struct SinglePrecision: ExperimentRemedy {
  public let name = "single_precision"
  public let cause: RootCause? = .numberFormat
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    guard precision.format != .fp32 || precision.backwardFormat ?? .fp32 != .fp32 else { return [] }
    return [
      Amendment(
        self, "compute in single precision (training: format: fp32, without loss_scale)",
        patient.changed {
          $0.training.precision.format = .fp32
          $0.training.precision.backwardFormat = nil
          $0.training.precision.lossScaling = nil
        })
    ]
  }
}

/// Single precision for the layers whose numbers the format does not hold.
public struct ExactLayers: ExperimentRemedy {
  public let name = "keep_fp32"
  public let cause: RootCause? = .numberFormat
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    guard precision.format != .fp32, let refused = patient.symptoms.refused else { return [] }
    let layers = patient.symptoms.first?.layers.map(\.name) ?? []
    // A gradient is named by its parameter, `layers.3.weight`.
    let tensor = refused.refusal.tensor
    let own = layers.first { tensor == $0 || tensor.hasPrefix($0 + ".") } ?? "loss"
    var names = precision.exactLayers
    for name in [own, "loss"] where !names.contains(name) { names.append(name) }
    guard names != precision.exactLayers else { return [] }
    let list = names.joined(separator: ", ")
    return [
      Amendment(
        self, "keep \(list) in single precision (training: keep_fp32: [\(list)])",
        patient.changed { $0.training.precision.exactLayers = names })
    ]
  }
}

/// bf16, which has the range of single precision.
public struct BrainFloat: ExperimentRemedy {
  public let name = "bf16"
  public let cause: RootCause? = .numberFormat
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    let formats = [precision.format, precision.backwardFormat ?? precision.format]
    guard formats.contains(where: { $0.exponentBits < 8 }) else { return [] }
    return [
      Amendment(
        self, "compute in bf16, which has the range of fp32 (training: format: bf16)",
        patient.changed {
          $0.training.precision.format = .bf16
          $0.training.precision.backwardFormat = nil
          $0.training.precision.lossScaling = nil
        })
    ]
  }
}

/// A loss scale that finds its own place.
public struct DynamicLossScale: ExperimentRemedy {
  public let name = "dynamic_loss_scale"
  public let cause: RootCause? = .numberFormat
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    let formats = [precision.format, precision.backwardFormat ?? precision.format]
    guard formats.contains(where: { $0.exponentBits < 8 }),
      precision.lossScaling?.isDynamic != true
    else { return [] }
    return [
      Amendment(
        self, "scale the loss dynamically (training: loss_scale: dynamic)",
        patient.changed { $0.training.precision.lossScaling = LossScaling() })
    ]
  }
}

/// Weights kept in single precision beside the rounded ones, so that small updates are not lost.
public struct MasterWeights: ExperimentRemedy {
  public let name = "master_weights"
  public let cause: RootCause? = .numberFormat
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    guard precision.format != .fp32, !precision.keepsMasters else { return [] }
    return [
      Amendment(
        self, "keep weights in single precision (training: masters: true)",
        patient.changed { $0.training.precision.keepsMasters = true })
    ]
  }
}
