import Tensors

/// Every element is brought between −c and c.
public struct ValueClipping: Clipping {
  public static let name = "value"
  public static let summary = "Every element is brought between −limit and limit."
  public static let options: [SettingsOption<ValueClipping>] = [
    .number("limit", \.limit, limitRange)
  ]

  /// c.
  public var limit = 1.0

  public init() {}

  public func clip(_ parameters: [TrainedParameter], norms: [Double]) -> ClippingOutcome {
    var outcome = ClippingOutcome()
    let most = Float(limit)
    for (number, parameter) in parameters.enumerated() {
      let gradient = parameter.gradient.elements(as: Float.self)
      var greatest: Float = 0
      for i in gradient.indices {
        let element = gradient[i]
        greatest = max(greatest, element.magnitude)
        gradient[i] = min(max(element, -most), most)
      }
      if greatest > most { outcome.include(limit / Double(greatest), number) }
    }
    return outcome
  }
}

/// Limits of elements and norms.
let limitRange = 0.0...1e38
