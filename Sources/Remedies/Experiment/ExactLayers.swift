import Experiments
public import Findings
import Numbers
import Training
import Trials

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
