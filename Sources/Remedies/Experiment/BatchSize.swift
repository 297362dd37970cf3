import Experiments
public import Findings
import Training
import Trials

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
