import Tensors

/// All gradients are multiplied by min(1, c/(‖g‖ + 10⁻⁶)), ‖g‖ the norm of all together.
///
/// Pascanu, Mikolov and Bengio (2013), as PyTorch's `clip_grad_norm_` has it.
public struct GlobalNormClipping: Clipping {
  public static let name = "global_norm"
  public static let summary = "The norm of all gradients together is brought to the limit."
  public static let options: [SettingsOption<GlobalNormClipping>] = [
    .number("limit", \.limit, limitRange)
  ]

  /// c.
  public var limit = 1.0

  public init() {}

  /// What PyTorch adds to a norm before it divides by it.
  static let smallNumber = 1e-6

  public func clip(_ parameters: [TrainedParameter], norms: [Double]) -> ClippingOutcome {
    let total = globalNorm(norms)
    let coefficient = limit / (total + Self.smallNumber)
    guard coefficient < 1 else { return ClippingOutcome() }
    for parameter in parameters {
      scale(parameter.gradient.elements(as: Float.self), by: coefficient)
    }
    let dominant = norms.indices.max { norms[$0] < norms[$1] }
    return ClippingOutcome(coefficient: coefficient, dominant: dominant)
  }
}

/// The norm of all tensors together.
func globalNorm(_ norms: [Double]) -> Double {
  norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
}
