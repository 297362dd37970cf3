public import Numbers
public import Semantics

/// x above a threshold α and 0 elsewhere.
public struct ThresholdedRelu: Pointwise {
  public static let name = "ThresholdedRelu"
  /// The threshold.
  public let alpha: Double

  public init(alpha: Double = 1) { self.alpha = alpha }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", in: Self.name)
    alpha = try attributes.real("alpha", default: 1, in: Self.name)
    guard alpha.isFinite else { throw refusal(.invalidAttribute, "'alpha' must be finite") }
  }

  public var attributes: Attributes { ["alpha": .real(alpha)] }

  public var name: String { "thresholded_relu(\(alpha.spelled))" }
  public func value(at x: Double) -> Double { x > alpha || x.isNaN ? x : 0 }
  public func slope(at x: Double) -> Double { x > alpha ? 1 : 0 }
  public func isFlat(at x: Double) -> Bool { !(x > alpha) }
  public func curvature(at x: Double) -> Double { 0 }
  public var isExact: Bool { true }
  public var kinks: [Kink] { [Kink(at: alpha, valueJump: alpha, slopeJump: 1)] }
}

/// x moved towards 0 by `bias` beyond ±`lambd`, and 0 between.
public struct Shrink: Pointwise {
  public static let name = "Shrink"
  public let bias: Double
  public let lambd: Double

  public init(bias: Double = 0, lambd: Double = 0.5) {
    self.bias = bias
    self.lambd = lambd
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("bias", "lambd", in: Self.name)
    bias = try attributes.real("bias", default: 0, in: Self.name)
    lambd = try attributes.real("lambd", default: 0.5, in: Self.name)
    guard bias.isFinite, lambd.isFinite else {
      throw refusal(.invalidAttribute, "'bias' and 'lambd' must be finite")
    }
  }

  public var attributes: Attributes { ["bias": .real(bias), "lambd": .real(lambd)] }

  public var name: String { "shrink(\(bias), \(lambd))" }

  public func value(at x: Double) -> Double {
    x < -lambd ? x + bias : x > lambd ? x - bias : x.isNaN ? x : 0
  }

  public func slope(at x: Double) -> Double { x < -lambd || x > lambd ? 1 : 0 }
  public func isFlat(at x: Double) -> Bool { !(x < -lambd || x > lambd) }
  public func curvature(at x: Double) -> Double { 0 }
  /// Not of the sum, but of its rounding the bounds of sums take care.
  public var isExact: Bool { false }

  public var kinks: [Kink] {
    let jump = lambd - bias
    return [
      Kink(at: -lambd, valueJump: jump, slopeJump: -1),
      Kink(at: lambd, valueJump: jump, slopeJump: 1),
    ]
  }
}
