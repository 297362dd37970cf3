import Experiments
public import Findings
import Training
import Trials

/// Leaves out samples with numbers that are not finite.
public struct DropBadRows: ExperimentRemedy {
  public let name = "drop_bad_rows"
  public let cause: RootCause? = .data
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let bad = patient.symptoms.badSamples
    guard let first = bad.first, patient.experiment.data.nonFinite != .drop else { return [] }
    let what = bad.count == 1 ? first : "\(first) and \(bad.count - 1) more samples"
    return [
      Amendment(
        self, "leave out \(what), which hold numbers that are not finite (data: non_finite: drop)",
        patient.changed { $0.data.nonFinite = .drop })
    ]
  }
}
