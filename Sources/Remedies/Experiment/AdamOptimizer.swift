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
