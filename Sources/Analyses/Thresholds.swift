/// The limits by which rules judge; each is printed with the findings that use it.
public struct Thresholds: Hashable, Sendable {
  /// Second moments that a healthy gradient and activation keep.
  public var healthy: ClosedRange<Double> = 1e-6...1e3
  /// A limit left by up to this factor is a warning, by more an error.
  public var margin: Double = 10
  /// The share of units of a layer that may be dead for every sample before it is a warning.
  ///
  /// With depth samples become alike, and then half of all relu units are off for all of them; a
  /// narrow layer may have more by chance. The limit is never below three standard deviations of
  /// that.
  public var deadShare: Double = 0.5
  /// The share of activations with a slope under 1 % of the greatest before it is a warning.
  public var saturatedShare: Double = 0.5
  /// The share of finite elements that may round to 0, or be subnormal, in the format.
  public var underflowShare: Double = 0.01

  public init() {}

  /// The share of dead units that a layer of `units` may have.
  func deadShare(ofUnits units: Int) -> Double {
    let chance = 0.5 / Double(max(1, units)).squareRoot()
    return min(1, max(deadShare, 0.5 + 3 * chance))
  }
}
