public import Numbers
public import Semantics
public import Tensors

/// Normal elements with a given standard deviation, optionally cut off.
///
/// The standard deviation is that of what is drawn: for `truncated_normal` the parent's is larger,
/// so that the cut does not shrink it (the factor is in THEORY's table of truncations; Keras and
/// JAX correct for it, `torch.nn.init.trunc_normal_` does not).
public struct NormalInitializer: Initializer {
  public let std: Double
  public let mean: Double
  /// Where the parent is cut off, in its standard deviations; nil for no cut.
  public let cut: Double?

  public init(std: Double, mean: Double = 0, cut: Double? = nil) {
    self.std = std
    self.mean = mean
    self.cut = cut
  }

  private static let stdKey = Key(
    "std", .number(0...1e30), isRequired: true, "Standard deviation of the elements.")
  private static let meanKey = Key(
    "mean", .number(-1e30...1e30), default: "0", "Mean of the elements.")

  public static let forms = [
    NamedForm(
      "normal", "Independent normal elements.", keys: [stdKey, meanKey], shorthand: "std",
      example: "{normal: 0.01}"),
    NamedForm(
      "truncated_normal",
      "Normal elements without tails; std is that of the result, not of its parent.",
      keys: [
        stdKey, meanKey,
        Key(
          "cut", .number(0.01...10), default: "2",
          "Where the parent is cut off, in its standard deviations."),
      ], shorthand: "std", example: "{truncated_normal: 0.02}"),
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    let isCut = fields.form.name == "truncated_normal"
    self.init(
      std: try fields.number("std"), mean: try fields.number("mean"),
      cut: isCut ? try fields.number("cut") : nil)
  }

  public var form: String { cut == nil ? "normal" : "truncated_normal" }

  public var entries: [YAMLTree.Entry] {
    var entries = [YAMLTree.Entry("std", .number(std))]
    if mean != 0 { entries.append(YAMLTree.Entry("mean", .number(mean))) }
    if let cut, cut != 2 { entries.append(YAMLTree.Entry("cut", .number(cut))) }
    return entries
  }

  public func moments(for target: ParameterTarget) -> Moments {
    .parameter(mean: mean, secondMoment: std * std + mean * mean)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    guard let cut else {
      tensor.setNormal(mean: mean, std: std, from: stream)
      return
    }
    let parent = std / RandomStream.deviation(ofNormalTruncatedAt: cut)
    tensor.setNormal(mean: mean, std: parent, bound: cut, from: stream)
  }

}
