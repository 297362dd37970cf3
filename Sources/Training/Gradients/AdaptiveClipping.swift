/// The gradient of each unit is brought to λ times the norm of the unit's weights.
///
/// gᵢ ← gᵢ · λ max(‖wᵢ‖, ε)/‖gᵢ‖ where that factor is below 1, for every row i of the first axis; a
/// tensor of one axis is one unit. Brock, De, Smith and Simonyan (2021), equation 3.
public struct AdaptiveClipping: Clipping {
  public static let name = "adaptive"
  public static let summary = "Each unit's gradient is brought to a share of its weights' norm."
  public static let options: [SettingsOption<AdaptiveClipping>] = [
    .number("limit", \.limit, limitRange), .number("epsilon", \.epsilon, 0...1e6),
  ]

  /// λ: the greatest norm of a gradient over that of its weights.
  public var limit = 0.01
  /// ε: the least norm that weights are taken to have, so that those of 0 can move.
  public var epsilon = 1e-3

  public init() {}
}
