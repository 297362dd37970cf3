import Tensors

/// Adds the gradient of λ₁ Σ|w| + λ₂/2 Σw² to those of the loss.
public struct Regularization: GradientTreatment {
  public static let name = "regularization"
  public static let summary = "Adds the gradient of l1 Σ|w| + l2/2 Σw² to those of the loss."
  public static let options: [SettingsOption<Regularization>] = [
    .number("l1", \.l1, 0...1e6), .number("l2", \.l2, 0...1e6),
  ]

  /// λ₁.
  public var l1 = 0.0
  /// λ₂.
  public var l2 = 0.0

  public init() {}

  public func apply(to parameters: [TrainedParameter], _ context: TreatmentContext) {
    for parameter in parameters {
      let weight = parameter.weight.elements(as: Float.self)
      let gradient = parameter.gradient.elements(as: Float.self)
      for i in gradient.indices {
        let w = Double(weight[i])
        let sign: Double = w > 0 ? 1 : w < 0 ? -1 : 0
        gradient[i] = Float(Double(gradient[i]) + l2 * w + l1 * sign)
      }
    }
  }

  /// What the loss grows by: l1 Σ|w| + l2/2 Σw².
  public func loss(of parameters: [TrainedParameter]) -> Double {
    var sum = 0.0
    for parameter in parameters {
      let weight = parameter.weight.elements(as: Float.self)
      for i in weight.indices {
        let w = Double(weight[i])
        sum += l1 * w.magnitude + l2 / 2 * w * w
      }
    }
    return sum
  }
}
