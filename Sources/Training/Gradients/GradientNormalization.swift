import Tensors

/// Brings the root mean square of every gradient, or of all together, to a number.
///
/// Gradients of nothing but 0 stay.
public struct GradientNormalization: GradientTreatment {
  public static let name = "normalization"
  public static let summary = "Brings the root mean square of gradients to a number."
  public static let options: [SettingsOption<GradientNormalization>] = [
    .number("rms", \.rootMeanSquare, 1e-30...1e30), .flag("global", \.isGlobal),
  ]

  /// What the root mean square becomes.
  public var rootMeanSquare = 1.0
  /// Whether all tensors get one factor, rather than each its own.
  public var isGlobal = false

  public init() {}

  public func apply(to parameters: [TrainedParameter], _ context: TreatmentContext) {
    let counts = parameters.map { Double($0.gradient.count) }
    let all = globalNorm(context.norms) / counts.reduce(0, +).squareRoot()
    for (number, parameter) in parameters.enumerated() {
      let own = context.norms[number] / counts[number].squareRoot()
      let present = isGlobal ? all : own
      // A gradient of 0 stays.
      guard present > 0 else { continue }
      scale(parameter.gradient.elements(as: Float.self), by: rootMeanSquare / present)
    }
  }
}
