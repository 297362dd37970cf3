/// All optimisers by name.
public enum OptimizerCatalogue {
  public static let all: [any Optimizer.Type] = [
    SGD.self, RMSprop.self, Adagrad.self, Adam.self, AdamW.self, Adamax.self, Adadelta.self,
  ]

  public static let names = all.map { $0.name }

  /// The optimiser called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``TrainingError`` when there is no such optimiser or option, a value is out of its
  ///   range, or values do not go together.
  public static func optimizer(
    _ name: String, options: [String: Double] = [:]
  ) throws(TrainingError) -> any Optimizer {
    try settings(
      named: name, options: options, among: all, called: "optimiser", plural: "optimisers",
      as: (any Optimizer).self)
  }
}
