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
}
