import Experiments
public import Findings
import Networks
import Numbers
import Operators
import Training
import Trials

/// The network's output as its last weights make it, without the function at the very end.
///
/// Where the loss takes logits and is given probabilities, its formulation was wrong; otherwise the
/// activation was.
public struct OutputActivationRemoval: ExperimentRemedy {
  public let name: String
  public let cause: RootCause?
  public let effort = 1

  private init(_ name: String, _ cause: RootCause) { (self.name, self.cause) = (name, cause) }

  /// Softmax or sigmoid before a loss that has its own.
  public static let probabilities = OutputActivationRemoval(
    "drop_output_softmax", .lossFormulation)
  /// A rectifier or a bounded function.
  public static let function = OutputActivationRemoval(
    "drop_output_activation", .outputActivation)

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    guard let loss = network.loss, loss.reading != .probabilities,
      let (changed, names) = network.withoutOutputActivation,
      let lowered = try? network.lowered(
        batch: 1, registry: .standard, activations: .standard, for: .inference),
      let output = OutputRange(of: lowered)
    else { return [] }
    let isLimited = output.range.lower > -.infinity || output.range.upper < .infinity
    let areShares =
      output.range.lower >= 0 && output.range.upper <= 1 && loss.reading != .values
    guard isLimited, areShares == (cause == .lossFormulation) else { return [] }
    return [
      Amendment(
        self,
        "leave out \(names.joined(separator: " and ")) at the end of the network (network: layers)"
          + (areShares ? ": the loss '\(loss.name)' has its own" : ""),
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }
}
