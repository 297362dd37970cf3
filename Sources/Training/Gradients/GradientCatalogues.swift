/// All ways of clipping by name.
public enum ClippingCatalogue {
  public static let all: [any Clipping.Type] = [
    ValueClipping.self, NormClipping.self, GlobalNormClipping.self, AdaptiveClipping.self,
  ]

  public static let names = all.map { $0.name }

  /// The clipping called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``TrainingError`` when there is no such clipping or option, or a value is out of its
  ///   range.
  public static func clipping(
    _ name: String, options: [String: Double] = [:]
  ) throws(TrainingError) -> any Clipping {
    try settings(
      named: name, options: options, among: all, called: "clipping", plural: "clippings",
      as: (any Clipping).self)
  }
}

/// All treatments of gradients but clipping, by name.
public enum TreatmentCatalogue {
  public static let all: [any GradientTreatment.Type] = [
    Regularization.self, GradientCentralization.self, GradientNormalization.self,
    GradientNoise.self,
  ]

  public static let names = all.map { $0.name }

  /// The treatment called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``TrainingError`` when there is no such treatment or option, or a value is out of its
  ///   range.
  public static func treatment(
    _ name: String, options: [String: Double] = [:]
  ) throws(TrainingError) -> any GradientTreatment {
    try settings(
      named: name, options: options, among: all, called: "treatment of gradients",
      plural: "treatments", as: (any GradientTreatment).self)
  }
}
