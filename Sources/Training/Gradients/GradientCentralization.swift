/// Takes from the gradient of each unit its mean.
///
/// For every tensor of two axes or more, gᵢ ← gᵢ − mean(gᵢ) for every row i of the first axis. Yong,
/// Huang, Hua and Zhang (2020).
public struct GradientCentralization: GradientTreatment {
  public static let name = "centralization"
  public static let summary = "Takes from the gradient of each unit its mean."
  public static let options: [SettingsOption<GradientCentralization>] = []

  public init() {}
}
