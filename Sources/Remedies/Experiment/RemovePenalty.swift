import Experiments
public import Findings
import Training
import Trials

/// No L1 or L2 penalty on the weights, where there is one: L2 alone, L1 alone, and both.
public struct RemovePenalty: ExperimentRemedy {
  public let name: String
  public let cause: RootCause? = .regularization
  public let effort = 1

  private let isL1: Bool

  private init(_ name: String, isL1: Bool) { (self.name, self.isL1) = (name, isL1) }

  /// No L1 penalty.
  public static let l1 = RemovePenalty("drop_l1", isL1: true)
  /// No L2 penalty.
  public static let l2 = RemovePenalty("drop_l2", isL1: false)

  public func amendments(for patient: Patient) -> [Amendment] {
    let treatments = patient.experiment.training.treatments
    let keyPath = isL1 ? \Regularization.l1 : \Regularization.l2
    let strength = treatments.compactMap { ($0 as? Regularization)?[keyPath: keyPath] }.max() ?? 0
    guard strength > 0 else { return [] }
    let changed = treatments.compactMap { treatment -> (any GradientTreatment)? in
      guard var penalty = treatment as? Regularization else { return treatment }
      penalty[keyPath: keyPath] = 0
      return penalty.l1 == 0 && penalty.l2 == 0 ? nil : penalty
    }
    let word = isL1 ? "L1" : "L2"
    return [
      Amendment(
        self,
        "leave out the \(word) penalty of \(Numerals.precise(strength)) (training: gradients: "
          + "regularization)",
        patient.changed { $0.training.treatments = changed }, needsNewStart: true)
    ]
  }
}
