import Numbers
import RealModule
import Tensors

/// Adds normal numbers of variance η/(1 + t)^γ in step t = 0, 1, ….
///
/// Neelakantan and others (2015).
public struct GradientNoise: GradientTreatment {
  public static let name = "noise"
  public static let summary = "Adds normal numbers of variance eta/(1 + step)^gamma."
  public static let options: [SettingsOption<GradientNoise>] = [
    .number("eta", \.eta, 0...1e6), .number("gamma", \.gamma, 0...10),
  ]

  /// η: the variance in the first step.
  public var eta = 0.01
  /// γ: how fast it falls.
  public var gamma = 0.55

  public init() {}

  public func apply(to parameters: [TrainedParameter], _ context: TreatmentContext) {
    let deviation = (eta / Double.pow(1 + Double(context.step), gamma)).squareRoot()
    guard deviation > 0 else { return }
    for parameter in parameters {
      let stream = RandomStream(seed: context.seed, name: "noise of \(parameter.name)")
        .substream(UInt32(truncatingIfNeeded: context.step))
      let gradient = parameter.gradient.elements(as: Float.self)
      for i in gradient.indices {
        gradient[i] = Float(Double(gradient[i]) + deviation * stream.normal(at: i))
      }
    }
  }
}
