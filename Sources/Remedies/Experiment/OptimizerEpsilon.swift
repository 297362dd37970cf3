import Experiments
public import Findings
import Training
import Trials

/// The usual epsilon in the optimiser's denominator.
public struct OptimizerEpsilon: ExperimentRemedy {
  public let name = "optimizer_epsilon"
  public let cause: RootCause? = .missingEpsilon
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let changed = Self.repaired(patient.experiment.training.optimizer) else { return [] }
    let name = type(of: changed).name
    return [
      Amendment(
        self,
        "add the usual epsilon to the denominator (training: optimizer: {\(name): {epsilon: "
          + "\(Numerals.precise(changed.optionValues["epsilon"] ?? 0))}})",
        patient.changed { $0.training.optimizer = changed })
    ]
  }

  /// The optimiser with its usual epsilon; nil where it has one, or where nothing is divided by.
  private static func repaired(_ optimizer: any Optimizer) -> (any Optimizer)? {
    var options = optimizer.optionValues
    let usual = type(of: optimizer).init().optionValues
    guard let own = options["epsilon"], let epsilon = usual["epsilon"], own < epsilon / 100 else {
      return nil
    }
    options["epsilon"] = epsilon
    return try? OptimizerCatalogue.optimizer(type(of: optimizer).name, options: options)
  }
}
