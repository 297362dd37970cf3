import Tensors

/// Every tensor g whose norm exceeds c is multiplied by c/(‖g‖ + 10⁻⁶).
public struct NormClipping: Clipping {
  public static let name = "norm"
  public static let summary = "The norm of every tensor is brought to the limit."
  public static let options: [SettingsOption<NormClipping>] = [
    .number("limit", \.limit, limitRange)
  ]

  /// c.
  public var limit = 1.0

  public init() {}

  public func clip(_ parameters: [TrainedParameter], norms: [Double]) -> ClippingOutcome {
    var outcome = ClippingOutcome()
    for (number, parameter) in parameters.enumerated() {
      let coefficient = limit / (norms[number] + GlobalNormClipping.smallNumber)
      guard coefficient < 1 else { continue }
      scale(parameter.gradient.elements(as: Float.self), by: coefficient)
      outcome.include(coefficient, number)
    }
    return outcome
  }
}
