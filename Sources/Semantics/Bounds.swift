public import Numbers
public import Tensors

/// An interval for every element of a tensor.
///
/// Intervals contain every exact result that is defined, and the same computed in doubles; operands
/// for which the result is not defined are told by the hazard rule.
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

  /// Intervals around the elements of a tensor that reach `radius` to both sides of reals.
  ///
  /// Integers and booleans are points, save integers that no double is, which lie between the
  /// doubles beside them. Of NaN nothing is known.
  public init(around tensor: Tensor, radius: Double = 0) {
    let isReal = tensor.elementType == .float32 || tensor.elementType == .float64
    let numbers = tensor.doubles
    var intervals = numbers.map { number in
      if number.isNaN { return Interval.whole }
      return isReal ? Interval(number - radius, number + radius) : Interval(number)
    }
    if tensor.elementType == .int64 {
      let integers = tensor.elements(as: Int64.self)
      for (i, number) in numbers.enumerated() where Int64(exactly: number) != integers[i] {
        intervals[i] = intervals[i].widened(ulps: 1)
      }
    }
    self.init(intervals, shape: tensor.shape)
  }

  /// The smallest interval that contains every element; [0, 0] for an empty tensor.
  public var hull: Interval {
    guard var hull = intervals.first else { return Interval(0, 0) }
    for interval in intervals.dropFirst() { hull = hull.union(interval) }
    return hull
  }
}
