import Tensors

/// Takes from the gradient of each unit its mean.
///
/// For every tensor of two axes or more, gᵢ ← gᵢ − mean(gᵢ) for every row i of the first axis. Yong,
/// Huang, Hua and Zhang (2020).
public struct GradientCentralization: GradientTreatment {
  public static let name = "centralization"
  public static let summary = "Takes from the gradient of each unit its mean."
  public static let options: [SettingsOption<GradientCentralization>] = []

  public init() {}

  public func apply(to parameters: [TrainedParameter], _ context: TreatmentContext) {
    for parameter in parameters where parameter.gradient.shape.rank > 1 {
      let units = parameter.gradient.shape[0]
      let size = parameter.gradient.count / max(units, 1)
      let gradient = parameter.gradient.elements(as: Float.self)
      for unit in 0..<units {
        let range = unit * size..<(unit + 1) * size
        var sum = 0.0
        for i in range { sum += Double(gradient[i]) }
        let mean = sum / Double(size)
        for i in range { gradient[i] = Float(Double(gradient[i]) - mean) }
      }
    }
  }
}
