import Experiments
public import Findings
import Samples
import Training
import Trials

/// Enough samples in a batch for statistics over them.
public struct LargerBatch: ExperimentRemedy {
  public let name = "larger_batch"
  public let cause: RootCause? = .batchSize
  public let effort = 1

  public init() {}

  /// What batch norms and gradients are usually taken over.
  private static let usual = 32

  public func amendments(for patient: Patient) -> [Amendment] {
    let batch = patient.experiment.training.batch
    let wanted = min(Self.usual, patient.symptoms.samples.training.count)
    guard batch < wanted else { return [] }
    return [
      Amendment(
        self,
        "take \(wanted) samples into a batch in place of \(batch) (training: batch: \(wanted))",
        patient.changed { $0.training.batch = wanted }, needsNewStart: true)
    ]
  }
}
