import Experiments
public import Findings
import Training
import Trials

/// More steps, where nothing else is wrong.
public struct LongerRun: ExperimentRemedy {
  public let name = "more_steps"
  public let cause: RootCause? = .tooFewSteps
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let steps = patient.outcome.plannedSteps
    // A run of a few steps needs some hundreds at least.
    let counts = [4, 16].map { max($0 * steps, $0 * 50) }
    return counts.enumerated().map { number, count in
      Amendment(
        self,
        "make \(Numerals.count(count)) steps in place of \(Numerals.count(steps)) (training: steps: "
          + "\(count))", patient.changed { $0.training.duration = .steps(count) },
        needsNewStart: true, extraEffort: number)
    }
  }
}
