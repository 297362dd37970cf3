/// A closed interval of the extended real line.
public struct Interval: Hashable, Sendable {
  public let lower: Double
  public let upper: Double

  /// Creates [lower, upper]; neither may be NaN, and `lower` must not exceed `upper`.
  public init(_ lower: Double, _ upper: Double) {
    precondition(lower <= upper, "the lower bound must not exceed the upper bound")
    self.lower = lower
    self.upper = upper
  }

  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// The smallest interval that contains both.
  public func union(_ other: Interval) -> Interval {
    Interval(min(lower, other.lower), max(upper, other.upper))
  }
}
