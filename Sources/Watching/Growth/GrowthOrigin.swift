public import Findings
import RealModule

/// Where a growth began: a quantity, its name, the first step and the rate.
public struct GrowthOrigin: Hashable, Sendable {
  /// `weight`, `activation`, `loss`, `cotangent` (of a layer) or `gradient` (of a parameter).
  public let quantity: StepRecord.Refusal.Place
  /// The layer or parameter; `loss` for the loss.
  public let name: String
  /// The first step in which it was larger.
  public let step: Int
  /// The factor of its root mean square per step.
  public let rate: Double
  /// The factor of its root mean square in all, up to the last value that was seen.
  public let growth: Double

  public init(
    quantity: StepRecord.Refusal.Place, name: String, step: Int, rate: Double, growth: Double
  ) {
    self.quantity = quantity
    self.name = name
    self.step = step
    self.rate = rate
    self.growth = growth
  }

  /// What grew, how fast and since when: `the weights of layers.7 grew ×3.1 per step from step 12`.
  public var sentence: String {
    "\(subject) grew ×\(Numerals.short(rate)) per step from step \(step)"
  }

  private var subject: String {
    switch quantity {
    case .weight: "the weights of \(name)"
    case .activation: "the activations of \(name)"
    case .cotangent: "the gradient at \(name)"
    case .gradient: "the gradient of \(name)"
    case .loss: "the loss"
    default: name
    }
  }

  /// Earliest first; of one step, the fastest first.
  static func isBefore(_ a: GrowthOrigin, _ b: GrowthOrigin) -> Bool {
    a.step != b.step ? a.step < b.step : a.rate > b.rate
  }
}
