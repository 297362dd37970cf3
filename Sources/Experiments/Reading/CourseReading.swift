import Findings
import Networks
import Training

// How a run goes on beyond optimiser and schedule: rates of single layers, its end, and the mean of
// its weights.
extension TrainingSettings {
  static let courseKeys: [Key] = [
    Key(
      "layer_rates", .list(.mapping(layerRateKeys)), "Factors of the learning rate in some layers."),
    Key(
      "early_stopping", .mapping(earlyStoppingKeys),
      "When the run ends since the loss over the validation data no longer falls."),
    Key(
      "weight_averaging", .mapping(averagingKeys),
      "The mean of the weights over steps, which is validated in their place."),
  ]

  private static let layerRateKeys = [
    Key("layers", .oneOf([.text, .list(.text)]), isRequired: true, "Names of layers."),
    Key("factor", .number(0...1e6), isRequired: true, "0 leaves the weights as they start."),
  ]

  private static let earlyStoppingKeys = [
    Key(
      "patience", .integer(1...1_000_000_000), isRequired: true,
      "Evaluations in a row without a better one after which the run ends."),
    Key("least_change", .number(0...1e300), default: "0", "By how much a better loss is less."),
  ]

  private static let averagingKeys = [
    Key(
      "decay", .below(0..<1),
      "How much of the mean stays in every step; without it all steps count alike."),
    Key(
      "start", .number(0...1), default: "0",
      "The share of the run that is made before the mean begins."),
  ]

  /// - Throws: `InputError` with file and line.
  mutating func readCourse(_ section: Section) throws(InputError) {
    if let tree = section["layer_rates"] {
      for item in tree.items ?? [tree] {
        let inner = try Section(
          item, called: "'layer_rates'", file: section.file, keys: Self.layerRateKeys)
        guard let names = inner["layers"], let factor = try inner.number("factor") else {
          throw section.error(
            "'layer_rates' needs 'layers' and 'factor'; write such as "
              + "[{layers: [layers.1], factor: 0.1}]", item.line)
        }
        var layers: [String] = []
        for name in names.items ?? [names] {
          guard let text = name.scalar, !name.isNull else {
            throw inner.refusal("layers", name, "names of layers, such as [layers.1, layers.2]")
          }
          layers.append(text)
        }
        layerRates.append(LayerRate(layers, factor: factor))
      }
    }
    if let tree = section["early_stopping"] {
      let inner = try section.section("early_stopping", tree)
      guard let patience = try inner.count("patience") else {
        throw section.error(
          "'early_stopping' needs 'patience'; write such as {patience: 5}", tree.line)
      }
      earlyStopping = EarlyStopping(
        patience: patience, leastChange: try inner.number("least_change") ?? 0)
    }
    if let tree = section["weight_averaging"] {
      let inner = try section.section("weight_averaging", tree)
      averaging = WeightAveraging(
        decay: try inner.number("decay"), start: try inner.number("start") ?? 0)
    }
  }

  /// The keys as they would be written, without what is as by default.
  var courseEntries: [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    if !layerRates.isEmpty {
      entries.append(
        .init(
          "layer_rates",
          .list(
            layerRates.map { rate in
              .map([
                .init("layers", .list(rate.layers.map { .text($0) })),
                .init("factor", .number(rate.factor)),
              ])
            })))
    }
    if let stopping = earlyStopping {
      let change: [YAMLTree.Entry] =
        stopping.leastChange == 0 ? [] : [.init("least_change", .number(stopping.leastChange))]
      entries.append(
        .init("early_stopping", .map([.init("patience", .integer(stopping.patience))] + change)))
    }
    if let averaging {
      var inner: [YAMLTree.Entry] = []
      if let decay = averaging.decay { inner.append(.init("decay", .number(decay))) }
      if averaging.start != 0 || inner.isEmpty {
        inner.append(.init("start", .number(averaging.start)))
      }
      entries.append(.init("weight_averaging", .map(inner)))
    }
    return entries
  }
}
