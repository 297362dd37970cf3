public import Numbers
import RealModule

/// What a watch should know of a run besides its records.
///
/// All of it can be left out; then limits that follow from it are the wider ones.
public struct WatchSubject: Hashable, Sendable {
  /// The number format of activations and gradients.
  public var format: NumberFormat
  /// Units of a hidden layer, the narrowest one where they differ; nil where it is not known.
  public var width: Int?
  /// Steps that the run is to take; nil where it is open.
  public var plannedSteps: Int?
  /// The loss of the best constant prediction: the entropy of the classes, the variance of targets.
  ///
  /// A network that does not get below it has learned nothing of its input. Without it a loss that
  /// falls from a bad start to that of a constant prediction, and stays there, looks like success.
  public var baselineLoss: Double?

  public init(
    format: NumberFormat = .fp32, width: Int? = nil, plannedSteps: Int? = nil,
    baselineLoss: Double? = nil
  ) {
    self.format = format
    self.width = width
    self.plannedSteps = plannedSteps
    self.baselineLoss = baselineLoss
  }

  /// √n, by which the effects of an update on a unit of n inputs add up; that of 100 where it is not
  /// known.
  var alignment: Double { Double(max(1, width ?? 100)).squareRoot() }

  /// The factor by which finite width may move a second moment within two standard deviations.
  ///
  /// The logarithm has the variance 5L/n for L relu layers of n units, the widest of the common
  /// activations (Hanin and Nica, 2019).
  func spread(layers: Int) -> Double {
    guard let width else { return 1 }
    return Double.exp(2 * (5 * Double(layers) / Double(max(1, width))).squareRoot())
  }
}
