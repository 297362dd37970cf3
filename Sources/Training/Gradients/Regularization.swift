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
}
