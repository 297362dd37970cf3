import Findings
import Networks
import Numbers
import Training

extension TrainingSettings {
  /// Reads the section `training`.
  ///
  /// - Throws: `InputError` with file and line.
  init(_ tree: YAMLTree, file: String?) throws(InputError) {
    self.init()
    let section = try Section(tree, called: "'training'", file: file, keys: Self.keys)
    try readOptimizer(section)
    try readSchedule(section)
    batch = try section.count("batch") ?? batch
    accumulation = try section.count("accumulation") ?? accumulation
    try readDuration(section)
    try readPrecision(section)
    try readGradients(section)
    if let tree = section["seed"] {
      guard let seed = tree.scalar.flatMap({ UInt64($0) }) else {
        throw section.refusal("seed", tree, "a whole number of at least 0")
      }
      self.seed = seed
    }
    guarding.maxSkipped = try section.count("max_skipped") ?? guarding.maxSkipped
    guarding.rollsBack = try section.boolean("roll_back") ?? guarding.rollsBack
    if let tree = section["snapshots"] {
      if tree.entries == nil {
        snapshots.every = try section.count("snapshots") ?? snapshots.every
      } else {
        let inner = try section.section("snapshots", tree)
        snapshots.every = try inner.count("every") ?? snapshots.every
        snapshots.kept = try inner.count("keep") ?? snapshots.kept
      }
    }
    try readTarget(section)
    try readCourse(section)
    validationInterval = try section.count("validate") ?? validationInterval
    do {
      try check()
    } catch {
      throw section.error("\(error.problem); \(error.cure)", tree.line)
    }
  }

  private mutating func readOptimizer(_ section: Section) throws(InputError) {
    if let tree = section["optimizer"] {
      optimizer = try section.named(
        tree, "'optimizer'", among: Self.optimizerForms,
        make: { try OptimizerCatalogue.optimizer($0, options: $1) })
    }
    guard let tree = section["learning_rate"] else { return }
    let isTwice =
      section["optimizer"]?.entries?.first.map {
        $0.value.entries?.contains { $0.key == "learning_rate" } ?? !$0.value.isNull
      } ?? false
    guard !isTwice else {
      throw section.error(
        "'learning_rate' stands here and in 'optimizer'; keep one of them", tree.line)
    }
    guard let rate = tree.finiteNumber else {
      throw section.refusal("learning_rate", tree, "a number")
    }
    optimizer.learningRate = rate
  }

  private mutating func readSchedule(_ section: Section) throws(InputError) {
    if let tree = section["schedule"] {
      schedule.schedule = try section.named(
        tree, "'schedule'", among: Self.scheduleForms,
        make: { try ScheduleCatalogue.schedule($0, options: $1) })
    }
    guard let tree = section["warmup"] else { return }
    if tree.entries == nil {
      schedule.warmup = try section.count("warmup") ?? 0
    } else {
      let inner = try section.section("warmup", tree)
      schedule.warmup = try inner.count("steps") ?? 0
      schedule.warmupStart = try inner.number("start") ?? schedule.warmupStart
    }
  }

  private mutating func readDuration(_ section: Section) throws(InputError) {
    switch (try section.count("steps"), try section.count("epochs")) {
    case (_?, _?):
      throw section.error(
        "there are both 'steps' and 'epochs'; keep one of them", section["epochs"]?.line)
    case (let steps?, nil): duration = .steps(steps)
    case (nil, let epochs?): duration = .epochs(epochs)
    case (nil, nil): break
    }
  }

  private mutating func readPrecision(_ section: Section) throws(InputError) {
    func format(_ key: String) throws(InputError) -> NumberFormat? {
      try section.choice(key).flatMap { NumberFormat.named($0) }
    }
    if section["format"]?.scalar == "fp8" {
      // The usual pair: precision forward, range backward.
      precision.format = .fp8E4M3FN
      precision.backwardFormat = .fp8E5M2
    } else {
      precision.format = try format("format") ?? precision.format
    }
    precision.backwardFormat = try format("backward_format") ?? precision.backwardFormat
    precision.keepsMasters = try section.boolean("masters") ?? precision.keepsMasters
    if let tree = section["keep_fp32"] {
      for item in tree.items ?? [tree] {
        guard let name = item.scalar, !item.isNull else {
          throw section.refusal("keep_fp32", item, "names of layers, such as [layers.1, loss]")
        }
        precision.exactLayers.append(name)
      }
    }
    guard let tree = section["loss_scale"] else { return }
    do {
      if let number = tree.finiteNumber {
        precision.lossScaling = .constant(number)
      } else if let name = tree.scalar {
        precision.lossScaling =
          ["false", "none"].contains(name) ? nil : try LossScaling.named(name)
      } else {
        precision.lossScaling = try LossScaling(
          options: try section.options(tree, of: "loss_scale", shorthand: "initial"))
      }
      try precision.lossScaling?.check()
    } catch let error as TrainingError {
      throw section.error("\(error.problem); \(error.cure)", tree.line)
    } catch let error as InputError {
      throw error
    } catch {
      throw section.error("\(error)", tree.line)
    }
  }

  private mutating func readGradients(_ section: Section) throws(InputError) {
    if let tree = section["clip"] {
      clipping = try section.named(
        tree, "'clip'", among: Self.clippingForms,
        make: { try ClippingCatalogue.clipping($0, options: $1) })
    }
    guard let tree = section["gradients"] else { return }
    for item in tree.items ?? [tree] {
      treatments.append(
        try section.named(
          item, "a treatment in 'gradients'", among: Self.treatmentForms,
          make: { try TreatmentCatalogue.treatment($0, options: $1) }))
    }
  }

  private mutating func readTarget(_ section: Section) throws(InputError) {
    guard let tree = section["target"] else { return }
    let names = Self.targetKeys.map(\.name)
    let inner = try section.section("target", tree)
    guard inner.keys(among: names).count == 1 else {
      throw section.error(
        "'target' is \(tree.kindName); give one of \(names.joined(separator: ", "))", tree.line)
    }
    if let loss = try inner.number("loss") { target = .loss(loss) }
    if let ratio = try inner.number("loss_ratio") { target = .lossRatio(ratio) }
    if let accuracy = try inner.number("accuracy") { target = .accuracy(accuracy) }
  }
}

extension NamedSettings {
  /// The settings as they are written: the name, with options that are not at their defaults.
  var tree: YAMLTree {
    let defaults = Self().optionValues
    let entries = Self.options.compactMap { option -> YAMLTree.Entry? in
      let value = option.value(in: self)
      guard value != defaults[option.name] else { return nil }
      return YAMLTree.Entry(
        option.name, option.kind == .flag ? .boolean(value == 1) : .number(value))
    }
    return entries.isEmpty ? .text(Self.name) : .map([YAMLTree.Entry(Self.name, .map(entries))])
  }
}

extension TrainingSettings {
  /// The section as it would be written, without what is as by default.
  var tree: YAMLTree {
    let defaults = TrainingSettings()
    var entries: [YAMLTree.Entry] = []
    func add(_ key: String, _ value: YAMLTree, unless isDefault: Bool = false) {
      if !isDefault { entries.append(YAMLTree.Entry(key, value)) }
    }
    add("optimizer", Self.tree(of: optimizer))
    add(
      "schedule", Self.tree(of: schedule.schedule),
      unless: type(of: schedule.schedule).name == "constant")
    if schedule.warmup > 0 {
      let start = schedule.warmupStart
      add(
        "warmup",
        start == defaults.schedule.warmupStart
          ? .integer(schedule.warmup)
          : .map([
            .init("steps", .integer(schedule.warmup)), .init("start", .number(start)),
          ]))
    }
    add("batch", .integer(batch))
    add("accumulation", .integer(accumulation), unless: accumulation == 1)
    switch duration {
    case .steps(let count): add("steps", .integer(count))
    case .epochs(let count): add("epochs", .integer(count))
    }
    add("format", .text(precision.format.name), unless: precision.format == .fp32)
    if let backward = precision.backwardFormat { add("backward_format", .text(backward.name)) }
    add("masters", .boolean(false), unless: precision.keepsMasters)
    if !precision.exactLayers.isEmpty {
      add("keep_fp32", .list(precision.exactLayers.map { .text($0) }))
    }
    if let scaling = precision.lossScaling { add("loss_scale", Self.tree(of: scaling)) }
    if let clipping { add("clip", Self.tree(of: clipping)) }
    if !treatments.isEmpty { add("gradients", .list(treatments.map { Self.tree(of: $0) })) }
    add("seed", .text("\(seed)"), unless: seed == 0)
    add(
      "max_skipped", .integer(guarding.maxSkipped),
      unless: guarding.maxSkipped == defaults.guarding.maxSkipped)
    add("roll_back", .boolean(true), unless: !guarding.rollsBack)
    if snapshots != defaults.snapshots {
      add(
        "snapshots",
        .map([.init("every", .integer(snapshots.every)), .init("keep", .integer(snapshots.kept))]))
    }
    switch target {
    case .loss(let value): add("target", .map([.init("loss", .number(value))]))
    case .lossRatio(let value): add("target", .map([.init("loss_ratio", .number(value))]))
    case .accuracy(let value): add("target", .map([.init("accuracy", .number(value))]))
    case nil: break
    }
    add("validate", .integer(validationInterval), unless: validationInterval == 0)
    return .map(entries + courseEntries)
  }

  /// Clipping of one limit is written shortly, as users do: `{global_norm: 1}`.
  private static func tree(of clipping: any Clipping) -> YAMLTree {
    let tree = clipping.tree
    guard let entry = tree.entries?.first, let options = entry.value.entries, options.count == 1,
      options[0].key == "limit"
    else { return tree }
    return .map([YAMLTree.Entry(entry.key, options[0].value)])
  }

  private static func tree(of settings: any NamedSettings) -> YAMLTree { settings.tree }

  private static func tree(of scaling: LossScaling) -> YAMLTree {
    if let known = LossScaling.known.first(where: { $0.scaling == scaling }) {
      return .text(known.name)
    }
    if scaling == .constant(scaling.initial) { return .number(scaling.initial) }
    return scaling.tree.entries?.first?.value ?? .text("dynamic")
  }
}
