import Findings
import Networks
import Numbers
import Training

extension TrainingSettings {
  static let keys = [
    "optimizer", "learning_rate", "schedule", "warmup", "batch", "accumulation", "steps", "epochs",
    "format", "backward_format", "masters", "keep_fp32", "loss_scale", "clip", "gradients", "seed",
    "max_skipped", "roll_back", "snapshots", "target", "validate",
  ]

  /// Reads the section `training`.
  ///
  /// - Throws: `InputError` with file and line.
  init(_ tree: YAMLTree, file: String?) throws(InputError) {
    self.init()
    let section = try Section(tree, called: "'training'", file: file, known: Self.keys)
    try readOptimizer(section)
    try readSchedule(section)
    batch = try section.count("batch", from: 1) ?? batch
    accumulation = try section.count("accumulation", from: 1) ?? accumulation
    try readDuration(section)
    try readPrecision(section)
    try readGradients(section)
    if let tree = section["seed"] {
      guard let seed = tree.scalar.flatMap({ UInt64($0) }) else {
        throw section.refusal("seed", tree, "a whole number of at least 0")
      }
      self.seed = seed
    }
    guarding.maxSkipped = try section.count("max_skipped", from: 0) ?? guarding.maxSkipped
    guarding.rollsBack = try section.boolean("roll_back") ?? guarding.rollsBack
    if let tree = section["snapshots"] {
      if tree.entries == nil {
        snapshots.every = try section.count("snapshots", from: 0) ?? snapshots.every
      } else {
        let inner = try Section(
          tree, called: "'snapshots'", file: file, known: ["every", "keep"])
        snapshots.every = try inner.count("every", from: 0) ?? snapshots.every
        snapshots.kept = try inner.count("keep", from: 0) ?? snapshots.kept
      }
    }
    try readTarget(section)
    validationInterval = try section.count("validate", from: 1) ?? validationInterval
    do {
      try check()
    } catch {
      throw section.error("\(error.problem); \(error.cure)", tree.line)
    }
  }

  private mutating func readOptimizer(_ section: Section) throws(InputError) {
    if let tree = section["optimizer"] {
      optimizer = try section.named(
        tree, "'optimizer'",
        firstOption: { _ in "learning_rate" },
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
        tree, "'schedule'",
        firstOption: { name in
          ScheduleCatalogue.all.first { $0.name == name }?.optionNames.first
        },
        make: { try ScheduleCatalogue.schedule($0, options: $1) })
    }
    guard let tree = section["warmup"] else { return }
    if tree.entries == nil {
      schedule.warmup = try section.count("warmup", from: 0) ?? 0
    } else {
      let inner = try Section(
        tree, called: "'warmup'", file: section.file, known: ["steps", "start"])
      schedule.warmup = try inner.count("steps", from: 0) ?? 0
      schedule.warmupStart = try inner.number("start", 0...1) ?? schedule.warmupStart
    }
  }

  private mutating func readDuration(_ section: Section) throws(InputError) {
    switch (try section.count("steps", from: 1), try section.count("epochs", from: 1)) {
    case (_?, _?):
      throw section.error(
        "there are both 'steps' and 'epochs'; keep one of them", section["epochs"]?.line)
    case (let steps?, nil): duration = .steps(steps)
    case (nil, let epochs?): duration = .epochs(epochs)
    case (nil, nil): break
    }
  }

  private mutating func readPrecision(_ section: Section) throws(InputError) {
    let names = NumberFormat.all.filter { $0 != .fp64 }.map(\.name)
    func format(_ key: String, _ names: [String]) throws(InputError) -> NumberFormat? {
      try section.choice(key, of: names).flatMap { NumberFormat.named($0) }
    }
    if section["format"]?.scalar == "fp8" {
      // The usual pair: precision forward, range backward.
      precision.format = .fp8E4M3FN
      precision.backwardFormat = .fp8E5M2
    } else {
      precision.format = try format("format", names + ["fp8"]) ?? precision.format
    }
    precision.backwardFormat =
      try format("backward_format", names) ?? precision.backwardFormat
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
        tree, "'clip'", firstOption: { _ in "limit" },
        make: { try ClippingCatalogue.clipping($0, options: $1) })
    }
    guard let tree = section["gradients"] else { return }
    for item in tree.items ?? [tree] {
      treatments.append(
        try section.named(
          item, "a treatment in 'gradients'",
          firstOption: { name in
            TreatmentCatalogue.all.first { $0.name == name }?.optionNames.first
          },
          make: { try TreatmentCatalogue.treatment($0, options: $1) }))
    }
  }

  private mutating func readTarget(_ section: Section) throws(InputError) {
    guard let tree = section["target"] else { return }
    let names = ["loss", "loss_ratio", "accuracy"]
    let inner = try Section(tree, called: "'target'", file: section.file, known: names)
    guard inner.keys(among: names).count == 1 else {
      throw section.error(
        "'target' is \(tree.kindName); give one of \(names.joined(separator: ", "))", tree.line)
    }
    if let loss = try inner.number("loss", -1e300...1e300) { target = .loss(loss) }
    if let ratio = try inner.number("loss_ratio", 0...1) { target = .lossRatio(ratio) }
    if let accuracy = try inner.number("accuracy", 0...1) { target = .accuracy(accuracy) }
  }
}

extension NamedSettings {
  /// The names of all options, in their order.
  static var optionNames: [String] { options.map(\.name) }

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
    return .map(entries)
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
