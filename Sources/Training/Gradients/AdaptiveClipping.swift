import Tensors

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

  /// A unit is a row along the first axis; of a vector, the whole tensor.
  public func clip(_ parameters: [TrainedParameter], norms: [Double]) -> ClippingOutcome {
    var outcome = ClippingOutcome()
    for (number, parameter) in parameters.enumerated() where parameter.weight.count > 0 {
      let units = parameter.weight.shape.rank > 1 ? parameter.weight.shape[0] : 1
      let size = parameter.weight.count / units
      let weight = parameter.weight.elements(as: Float.self)
      let gradient = parameter.gradient.elements(as: Float.self)
      for unit in 0..<units {
        let range = unit * size..<(unit + 1) * size
        let allowed = limit * max(Self.norm(weight[range]), epsilon)
        let norm = Self.norm(gradient[range])
        guard norm > allowed else { continue }
        scale(gradient[range], by: allowed / norm)
        outcome.include(allowed / norm, number)
      }
    }
    return outcome
  }

  private static func norm(_ elements: Elements<Float>) -> Double {
    var sum = 0.0
    for i in elements.indices { sum += Double(elements[i]) * Double(elements[i]) }
    return sum.squareRoot()
  }
}
