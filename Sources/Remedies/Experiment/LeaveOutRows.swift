import Experiments
public import Findings
import Samples
import Training
import Trials

/// Leaves out samples with a number that stands far out of its column.
public struct LeaveOutRows: ExperimentRemedy {
  public let name = "leave_out_rows"
  public let cause: RootCause? = .data
  public let effort = 1

  public init() {}

  /// Rows that a person would still look at one by one.
  private static let most = 50

  public func amendments(for patient: Patient) -> [Amendment] {
    let data = patient.symptoms.samples.training
    let rows = Preflight.outlyingRows(of: data)
    guard let first = rows.first, rows.count <= Self.most else { return [] }
    let what =
      rows.count == 1
      ? "row \(first) of \(data.name), whose cell stands"
      : "rows \(rows.map(String.init).joined(separator: ", ")) of \(data.name), whose cells stand"
    return [
      Amendment(
        self,
        "leave out \(what) far out of the column (data: leave_out: "
          + "[\(rows.map(String.init).joined(separator: ", "))])",
        patient.changed { $0.data.leftOut += rows }, needsNewStart: true)
    ]
  }
}
