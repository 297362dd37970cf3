import Networks
import Numbers
import Training

extension TrainingSettings {
  /// What the section `training` may hold.
  static let keys: [Key] = {
    let settings = TrainingSettings()
    let (guarding, snapshots) = (settings.guarding, settings.snapshots)
    return [
      Key(
        "optimizer", .named(optimizerForms), default: type(of: settings.optimizer).name,
        "What makes updates of gradients."),
      Key("learning_rate", .number(0...1e38), "The rate, in place of the one in 'optimizer'."),
      Key(
        "schedule", .named(scheduleForms), default: type(of: settings.schedule.schedule).name,
        "How the rate changes."),
      Key(
        "warmup", .oneOf([.integer(wholeFrom(0)), .mapping(warmupKeys)]),
        default: "\(settings.schedule.warmup)", "Steps of a linear rise of the rate."),
      Key("batch", .integer(wholeFrom(1)), default: "\(settings.batch)", "Samples in a batch."),
      Key(
        "accumulation", .integer(wholeFrom(1)), default: "\(settings.accumulation)",
        "Batches in an update."),
      Key("steps", .integer(wholeFrom(1)), "Updates of the run; or give 'epochs'."),
      Key("epochs", .integer(wholeFrom(1)), "Times through the data; or give 'steps'."),
      Key(
        "format", .choice(formats + ["fp8"]), default: settings.precision.format.name,
        "What activations, cotangents and read weights are rounded to."),
      Key("backward_format", .choice(formats), "What cotangents are rounded to, where another."),
      Key(
        "masters", .boolean, default: "\(settings.precision.keepsMasters)",
        "Whether weights are kept in single precision beside the rounded ones."),
      Key(
        "keep_fp32", .oneOf([.text, .list(.text)]),
        "Layers that compute in single precision whatever the format."),
      Key("loss_scale", lossScale, "What the loss is multiplied by."),
      Key("clip", .named(clippingForms), "What makes great gradients smaller."),
      Key(
        "gradients",
        .oneOf([.definition(treatment.name), .list(.definition(treatment.name))]),
        "What is done to gradients before they are clipped, in this order."),
      Key(
        "seed", .integer(0...Int.max), default: "\(settings.seed)",
        "Of weights, order, masks and noise."),
      Key(
        "max_skipped", .integer(wholeFrom(0)), default: "\(guarding.maxSkipped)",
        "Refused steps in a row after which the run ends."),
      Key(
        "roll_back", .boolean, default: "\(guarding.rollsBack)",
        "Whether it goes back to the last snapshot then, once."),
      Key(
        "snapshots",
        .oneOf([
          .integer(wholeFrom(0)),
          .mapping([
            Key(
              "every", .integer(wholeFrom(0)), default: "\(snapshots.every)",
              "Steps between two; 0 for the first and last step alone."),
            Key(
              "keep", .integer(wholeFrom(0)), default: "\(snapshots.kept)",
              "How many are kept beside the first; 0 for all."),
          ]),
        ]), default: "\(snapshots.every)", "Steps between two snapshots."),
      Key("target", .mapping(targetKeys, oneOf: targetKeys.map(\.name)), "What counts as success."),
      Key("validate", .integer(wholeFrom(1)), "Steps between two evaluations."),
    ] + courseKeys
  }()

  /// What may be an item of `gradients`.
  static let treatment = Key(
    "treatment", .named(treatmentForms), "Something that is done to gradients.")

  static let optimizerForms =
    OptimizerCatalogue.all.map { form(of: $0.init()) }
    + OptimizerCatalogue.aliases.map { NamedForm($0.settings, called: $0.name) }
  static let scheduleForms = ScheduleCatalogue.all.map { form(of: $0.init()) }
  static let clippingForms = ClippingCatalogue.all.map { form(of: $0.init()) }
  static let treatmentForms = TreatmentCatalogue.all.map { form(of: $0.init()) }

  private static func form(of settings: some NamedSettings) -> NamedForm { NamedForm(settings) }

  private static let formats = NumberFormat.all.filter { $0 != .fp64 }.map(\.name)

  private static let warmupKeys = [
    Key("steps", .integer(wholeFrom(0)), "Steps of the rise."),
    Key(
      "start", .number(0...1), default: "\(LearningRatePlan().warmupStart)",
      "The factor that it starts from."),
  ]

  static let targetKeys = [
    Key("loss", .number(-1e300...1e300), "The greatest mean loss of the last tenth of the steps."),
    Key("loss_ratio", .number(0...1), "The same, as a share of the loss in the first step."),
    Key("accuracy", .number(0...1), "The least share of right classes."),
  ]

  private static let lossScale: Key.Form = {
    let scaling = NamedForm(LossScaling())
    let names = LossScaling.known.map(\.name) + ["none", "false"]
    return .oneOf([
      .choice(names), .mapping(scaling.keys),
      scaling.keys.first { $0.name == scaling.shorthand }?.form ?? .boolean,
    ])
  }()

  /// Numbers that a count may be.
  private static func wholeFrom(_ least: Int) -> ClosedRange<Int> {
    least...1_000_000_000_000_000
  }
}
