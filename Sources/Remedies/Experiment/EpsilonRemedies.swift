import Experiments
public import Findings
import Networks
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

/// The usual epsilon under the roots of norms.
public struct NormEpsilon: ExperimentRemedy {
  public let name = "norm_epsilon"
  public let cause: RootCause? = .missingEpsilon
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let changed = network.rewritten { layer in
      guard var norm = layer.kind as? NormalizationLayer else { return [layer] }
      let usual = NormalizationLayer(norm.kind).epsilon
      guard norm.epsilon < usual / 100 else { return [layer] }
      var layer = layer
      norm.epsilon = usual
      layer.kind = norm
      return [layer]
    }
    guard changed != network else { return [] }
    return [
      Amendment(
        self, "add the usual epsilon under the roots of norms (leave out 'epsilon')",
        patient.changed { $0.network = changed })
    ]
  }
}
