/// All optimisers by name.
public enum OptimizerCatalogue {
  public static let all: [any Optimizer.Type] = [
    SGD.self, RMSprop.self, Adagrad.self, Adam.self, AdamW.self, Adamax.self, Adadelta.self,
  ]

  public static let names = all.map { $0.name }

  /// Gradient descent by the names of what it does, with the usual momentum.
  public static let aliases: [(name: String, settings: SGD)] = [
    ("momentum", descent(isNesterov: false)), ("nesterov", descent(isNesterov: true)),
  ]

  private static func descent(isNesterov: Bool) -> SGD {
    var descent = SGD()
    (descent.momentum, descent.isNesterov) = (0.9, isNesterov)
    return descent
  }

  /// The optimiser called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``TrainingError`` when there is no such optimiser or option, a value is out of its
  ///   range, or values do not go together.
  public static func optimizer(
    _ name: String, options: [String: Double] = [:]
  ) throws(TrainingError) -> any Optimizer {
    var (name, options) = (name, options)
    if let meant = aliases.first(where: { $0.name == name }) {
      name = SGD.name
      options.merge(meant.settings.optionValues) { given, _ in given }
    }
    return try settings(
      named: name, options: options, among: all, called: "optimiser", plural: "optimisers",
      as: (any Optimizer).self)
  }
}
