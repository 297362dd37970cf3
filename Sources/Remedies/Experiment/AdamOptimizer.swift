import Experiments
public import Findings
import Training
import Trials

/// Adam with its usual settings, which needs no learning rate of its own for every layer.
public struct AdamOptimizer: ExperimentRemedy {
  public let name = "adam"
  public let cause: RootCause? = nil
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let current = patient.experiment.training.optimizer
    // Decay that the user asked for stays, in the gradient or apart from it as it was.
    let usual: any Optimizer = current is AdamW ? AdamW() : Adam()
    let decay = current.optionValues["weight_decay"] ?? 0
    let kept = decay > 0 ? ", keeping weight_decay \(Numerals.short(decay))" : ""
    let dropped = current.settings(otherThan: ["learning_rate", "weight_decay"])
    let name = type(of: usual).name
    return [1e-3, 1e-2].compactMap { rate in
      let adam = usual.with(["learning_rate": rate, "weight_decay": decay])
      guard type(of: current).name != name || current.optionValues != adam.optionValues else {
        return nil
      }
      return Amendment(
        self,
        "use \(name) with the learning rate \(Numerals.short(rate)) in place of "
          + "\(type(of: current).name)\(dropped)\(kept) (training: optimizer: {\(name): "
          + "\(Numerals.short(rate))})",
        patient.changed { $0.training.optimizer = adam }, needsNewStart: true)
    }
  }
}
