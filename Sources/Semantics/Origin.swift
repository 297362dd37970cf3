public import Numbers

/// The function and the operand that elements are values of.
///
/// The greatest of several values of a function that never falls is that function of the greatest
/// operand; so a rule that knows the law of the greatest operand can go behind the function.
public final class Origin: Hashable, Sendable {
  public let function: any ScalarFunction
  public let operand: Moments
  private let mean: Double
  private let secondMoment: Double

  init(_ function: any ScalarFunction, of operand: Moments, giving result: Moments) {
    self.function = function
    var operand = operand
    operand.origin = nil
    self.operand = operand
    (mean, secondMoment) = (result.mean, result.secondMoment)
  }

  /// Whether elements with these moments can still be the values themselves.
  public func describes(_ moments: Moments) -> Bool {
    moments.mean == mean && moments.secondMoment == secondMoment
  }

  public static func == (a: Origin, b: Origin) -> Bool {
    a.function.name == b.function.name && a.operand == b.operand && a.mean == b.mean
      && a.secondMoment == b.secondMoment
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(function.name)
    hasher.combine(mean)
    hasher.combine(secondMoment)
  }
}
