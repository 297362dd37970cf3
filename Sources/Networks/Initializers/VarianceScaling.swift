public import Numbers
public import Semantics
public import Tensors

/// Elements with variance gain²/fan.
///
/// The fan is the number of products summed in one output, or in the cotangent of one input, with
/// groups and strides as they are: kernel taps · channels in / groups forward, kernel taps ·
/// channels out / groups / strides backward. Sources: LeCun et al. 1998, Glorot and Bengio 2010,
/// He et al. 2015.
public struct VarianceScaling: Initializer {
  public enum Scheme: String, Hashable, Sendable {
    /// The mean of both fans, gain 1.
    case xavier
    case glorot
    /// One fan, gain √2, or √(2/(1 + slope²)) for a leaky relu.
    case he
    case kaiming
    /// One fan, gain 1.
    case lecun
    /// One fan, and the gain of the layer's own activation.
    case activationGain = "activation_gain"
  }

  public enum Distribution: String, Hashable, Sendable { case normal, uniform }

  public enum Fan: String, Hashable, Sendable, CaseIterable {
    case fanIn = "fan_in"
    case fanOut = "fan_out"
    case average = "fan_avg"
  }

  public let scheme: Scheme
  public let distribution: Distribution
  /// Nil for the scheme's own.
  public let fan: Fan?
  /// Nil for the scheme's own.
  public let gain: Gain?
  /// Slope of a leaky relu below 0, for `he`.
  public let slope: Double

  public init(
    _ scheme: Scheme, _ distribution: Distribution, fan: Fan? = nil, gain: Gain? = nil,
    slope: Double = 0
  ) {
    self.scheme = scheme
    self.distribution = distribution
    self.fan = fan
    self.gain = gain
    self.slope = slope
  }

  private static func mode(_ fallback: Fan) -> Key {
    Key(
      "mode", .choice(Fan.allCases.map(\.rawValue)), default: fallback.rawValue,
      "Which fan divides the variance: forward, backward, or the mean of both.")
  }

  private static let slopeKey = Key(
    "slope", .number(-1e6...1e6), default: "0",
    "Slope of the leaky relu below 0; the gain is sqrt(2 / (1 + slope^2)).")

  public static let forms: [NamedForm] = {
    func pair(_ name: String, _ summary: String, _ keys: [Key]) -> [NamedForm] {
      [
        NamedForm("\(name)_normal", "Normal, \(summary)", keys: keys, shorthand: "gain"),
        NamedForm("\(name)_uniform", "Uniform, \(summary)", keys: keys, shorthand: "gain"),
      ]
    }
    let xavier = "variance gain^2 * 2 / (fan_in + fan_out)."
    let he = "variance gain^2 / fan, gain sqrt(2) as relu needs it."
    let gain = Gain.key(default: "1")
    let heKeys = [Gain.key(default: nil), mode(.fanIn), slopeKey]
    return pair("xavier", xavier, [gain]) + pair("glorot", xavier, [gain])
      + pair("he", he, heKeys) + pair("kaiming", he, heKeys)
      + pair("lecun", "variance gain^2 / fan.", [gain, mode(.fanIn)])
      + [
        NamedForm(
          "activation_gain",
          "Variance gain^2 / fan with the gain of the layer's own activation at unit variance.",
          keys: [
            Key(
              "direction", .choice(["forward", "backward"]), default: "forward",
              "Which second moment is kept: of activations or of gradients."),
            Key(
              "distribution", .choice(["normal", "uniform"]), default: "normal",
              "The law of one element."),
          ], shorthand: "direction")
      ]
  }()

  public init(_ fields: Fields) throws(NetworkError) {
    if fields.form.name == Scheme.activationGain.rawValue {
      let isBackward = try fields.choice("direction") == "backward"
      let isUniform = try fields.choice("distribution") == "uniform"
      self.init(
        .activationGain, isUniform ? .uniform : .normal, fan: isBackward ? .fanOut : .fanIn,
        gain: .own(isBackward ? .backward : .forward))
      return
    }
    let parts = fields.form.name.split(separator: "_").map(String.init)
    guard let scheme = Scheme(rawValue: parts[0]),
      let distribution = Distribution(rawValue: parts[1])
    else { preconditionFailure("a form that this family does not state") }
    let keys = fields.form.keys.map(\.name)
    let fan = keys.contains("mode") ? try fields.choice("mode").flatMap(Fan.init) : nil
    self.init(
      scheme, distribution, fan: fan == .fanIn ? nil : fan, gain: try fields.gain(),
      slope: keys.contains("slope") ? try fields.number("slope") : 0)
    try fields.require(
      gain == nil || slope == 0 || fields.tree("gain") == nil,
      "'\(form)' has both a gain and a slope", cure: "the slope stands for a gain: keep one")
  }

  public var form: String {
    scheme == .activationGain ? scheme.rawValue : "\(scheme.rawValue)_\(distribution.rawValue)"
  }

  public var entries: [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    if scheme == .activationGain {
      if gain == .own(.backward) { entries.append(.init("direction", .text("backward"))) }
      if distribution == .uniform { entries.append(.init("distribution", .text("uniform"))) }
      return entries
    }
    if let gain { entries.append(.init("gain", gain.tree)) }
    if let fan { entries.append(.init("mode", .text(fan.rawValue))) }
    if slope != 0 { entries.append(.init("slope", .number(slope))) }
    return entries
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    target.role == .bias
      ? InitializerRefusal("starts weights, not biases", cure: "start the bias with a number")
      : nil
  }

  public func moments(for target: ParameterTarget) -> Moments {
    .parameter(mean: 0, secondMoment: variance(for: target))
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    let std = variance(for: target).squareRoot()
    switch distribution {
    case .normal: tensor.setNormal(std: std, from: stream)
    case .uniform: tensor.setUniform(bound: std * 3.0.squareRoot(), from: stream)
    }
  }

  /// Variance of one element.
  func variance(for target: ParameterTarget) -> Double {
    let factor: Double
    let fallbackFan: Fan
    switch scheme {
    case .xavier, .glorot: (factor, fallbackFan) = (gain?.factor(for: target) ?? 1, .average)
    case .he, .kaiming:
      (factor, fallbackFan) = (
        gain?.factor(for: target) ?? (2 / (1 + slope * slope)).squareRoot(), .fanIn
      )
    case .lecun, .activationGain:
      (factor, fallbackFan) = (gain?.factor(for: target) ?? 1, .fanIn)
    }
    let count =
      switch fan ?? fallbackFan {
      case .fanIn: target.fanIn
      case .fanOut: target.fanOut
      case .average: (target.fanIn + target.fanOut) / 2
      }
    return factor * factor / count
  }
}
