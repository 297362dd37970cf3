import Tensors

/// What is known of a parameter before a step: greatest magnitudes, infinite where unknown.
public struct UpdateFacts: Sendable {
  public internal(set) var gradient = Double.infinity
  public internal(set) var weight = Double.infinity
  /// Of the states in their order; 0 for those that are not there.
  public internal(set) var states = SIMD4<Double>()
  /// Of the part of the first state that did not come from gradients of steps taken here.
  public internal(set) var foreign = 0.0
  /// The distance from 1 to the next number of the elements' type.
  public let unit: Double
  /// The smallest normal number of the elements' type.
  public let leastNormal: Double
  /// The greatest number of the elements' type.
  let greatest: Double

  init<T: Scalar>(_: T.Type) {
    unit = Double(T.ulpOfOne)
    leastNormal = Double(T.leastNormalMagnitude)
    greatest = Double(T.greatestFiniteMagnitude)
  }

  /// Squares of greater numbers are normal.
  var leastRoot: Double { leastNormal.squareRoot() }

  /// Whether a number is still there, and normal, in the elements' type.
  func isNormal(_ number: Double) -> Bool { number >= 2 * leastNormal }
}

/// Bounds of magnitudes in and after a step.
public struct UpdateBounds: Sendable {
  public var update: Double
  /// Of the states after the step.
  public var states: SIMD4<Double>
  /// Of the part of the first state that did not come from gradients of steps taken here.
  public var foreign: Double
  /// Of everything between gradient and update.
  public var largest: Double

  /// Bounds for a rule; without states where it has none.
  init(
    update: Double, states: SIMD4<Double> = SIMD4(), foreign: Double = 0, largest: Double
  ) {
    self.update = update
    self.states = states
    self.foreign = foreign
    self.largest = largest
  }

  /// What is known after the step.
  ///
  /// - Parameters:
  ///   - facts: what was known before.
  ///   - limit: what weights must stay below.
  /// - Returns: nil where something might be no finite number.
  func after(_ facts: UpdateFacts, limit: Double) -> UpdateFacts? {
    // More than the rounding of the few operations of a step, in either type.
    let slack = 1 + 0x1p-18
    var next = facts
    next.weight = (facts.weight + update) * slack
    next.states = states * slack
    next.foreign = foreign * slack
    // Written so that NaN fails.
    guard next.weight < limit, largest * slack <= facts.greatest,
      (0..<4).allSatisfy({ next.states[$0] <= facts.greatest })
    else { return nil }
    return next
  }
}
