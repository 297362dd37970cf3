/// The limits by which a watch judges; each is printed with the findings that use it.
///
/// Where theory gives the scale, a limit follows depth, width, number format or the length of the
/// run; ``WatchSubject`` says these.
public struct WatchThresholds: Hashable, Sendable {
  /// Second moments that a healthy gradient, relative to the top layer's, and activation keep.
  ///
  /// Finite width moves the second moment of L layers of n units by exp(±2√(5L/n)), which widens the
  /// band.
  public var healthy: ClosedRange<Double> = 1e-6...1e3
  /// A limit left by more than this factor can be an error.
  public var margin: Double = 10
  /// Steps of which three in four must agree before a finding begins.
  public var persistence: Int = 16
  /// The share of a layer's activations that may be 0.
  ///
  /// Never below what chance gives the half of a narrow layer's units: 0.5 + 3 · 0.5/√n.
  public var deadShare: Double = 0.9
  /// The share of activations that may lie in the flat part of the function.
  public var saturatedShare: Double = 0.5
  /// The share of a gradient's elements that may round to 0 in the format.
  public var underflowShare: Double = 0.5
  /// The share of updates that may be lost to rounding, averaged over steps.
  public var lostShare: Double = 0.5
  /// The greatest change of a layer's output by one update, relative to it: update ratio times √n.
  ///
  /// An update lies along the layer's input, so that its effects on an output of n inputs add up.
  public var largeChange: Double = 1
  /// The least change of a layer's output over the whole run, relative to it.
  public var smallChange: Double = 0.1
  /// The share of the loss by which it must fall before it counts as falling.
  public var leastDecrease: Double = 0.02
  /// The share of the loss whose fall shows that something is learned, whatever the noise.
  public var clearDecrease: Double = 0.2
  /// Steps before the loss is judged.
  public var minimumSteps: Int = 100
  /// Standard errors that make a change of the loss significant.
  public var significance: Double = 3
  /// Lengths of the run in which the loss must be halved at its present rate.
  public var halvingBudget: Double = 10
  /// The factor over where it began from which on a loss counts as diverged.
  public var divergenceFactor: Double = 2
  /// The correlation of successive losses below which they oscillate.
  public var oscillationCorrelation: Double = -0.4
  /// The amplitude of an oscillation, relative to the loss, from which on it is told.
  public var oscillationAmplitude: Double = 0.1
  /// The share of steps that loss scaling may refuse.
  public var refusalShare: Double = 0.05
  /// The steps of healthy training in which one false alarm of growth is expected.
  public var falseAlarmSteps: Double = 100_000
  /// The growth of a second moment per step that is a slow drift: its logarithm.
  public var growthAllowance: Double = 0.004
  /// The factor by which a root mean square must have grown before it is told.
  public var leastGrowth: Double = 1.5

  public init() {}
}
