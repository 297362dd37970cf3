public import Numbers
public import Tensors

/// An interval for every element of a tensor.
///
/// Intervals contain every exact result that is defined; operands for which the result is not
/// defined are told by the hazard rule.
public struct Bounds: Hashable, Sendable {
  public let shape: Shape
  public let intervals: [Interval]

  public init(_ intervals: [Interval], shape: Shape) {
    precondition(intervals.count == shape.count, "element count must match the shape")
    self.intervals = intervals
    self.shape = shape
  }

  /// The same interval for every element.
  public init(repeating interval: Interval, shape: Shape) {
    self.init(Array(repeating: interval, count: shape.count), shape: shape)
  }

  /// The smallest interval that contains every element; [0, 0] for an empty tensor.
  public var hull: Interval {
    guard var hull = intervals.first else { return Interval(0, 0) }
    for interval in intervals.dropFirst() { hull = hull.union(interval) }
    return hull
  }
}
