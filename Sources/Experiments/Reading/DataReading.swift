import Findings
import Networks
import Samples
import TensorFiles

extension DataSource {
  /// Reads the section `data`.
  ///
  /// - Throws: `InputError` with file and line.
  init(_ tree: YAMLTree, file: String?) throws(InputError) {
    let tree = Self.asMapping(tree)
    let section = try Section(tree, called: "'data'", file: file, keys: Self.keys)
    self.init(try Self.origin(section, tree))
    if let scope = section["standardize"]?.scalar.flatMap({ Standardization.Scope(rawValue: $0) }) {
      standardization = scope
    } else if try section.boolean("standardize") == true {
      standardization = .feature
    }
    standardizesTargets = try section.boolean("standardize_targets") ?? false
    nonFinite =
      try section.choice("non_finite").flatMap { NonFinite(rawValue: $0) } ?? .refuse
    if let tree = section["leave_out"] {
      for item in tree.items ?? [tree] {
        guard let place = item.scalar.flatMap({ Int($0) }), place >= 0 else {
          throw section.refusal("leave_out", item, "whole numbers, such as [17, 402]")
        }
        leftOut.append(place)
      }
    }
    guard let other = section["validation"] else { return }
    guard other.entries != nil else {
      guard let share = other.finiteNumber, share > 0, share < 1 else {
        throw section.refusal(
          "validation", other, "a share between 0 and 1, or where the samples come from")
      }
      validation = .share(share)
      return
    }
    // What is not said again is as for the samples to train on.
    let own = Set((other.entries ?? []).map(\.key))
    let inherited = (tree.entries ?? []).filter {
      Self.formNames.contains($0.key) && !own.contains($0.key)
    }
    let whole = YAMLTree(.mapping((other.entries ?? []) + inherited), line: other.line)
    validation = .source(
      try Self.origin(
        try Section(
          whole, called: "'validation'", file: file,
          keys: Self.origins.map(\.key) + Self.formKeys), whole))
  }

  private static let formNames = formKeys.map(\.name)

  /// A bare name is a synthetic set.
  private static func asMapping(_ tree: YAMLTree) -> YAMLTree {
    guard let name = tree.scalar, !tree.isNull else { return tree }
    return YAMLTree(
      .mapping([YAMLTree.Entry(name, .text(""), line: tree.line)]), line: tree.line)
  }

  private static func origin(_ section: Section, _ tree: YAMLTree) throws(InputError) -> Origin {
    let names = origins.map(\.key.name)
    let kinds = (tree.entries ?? []).filter { names.contains($0.key) }
    guard kinds.count == 1 else {
      let names = names.joined(separator: ", ")
      throw section.error(
        kinds.isEmpty
          ? "\(section.name) does not say where samples come from; name one of \(names)"
          : "\(section.name) has both '\(kinds[0].key)' and '\(kinds[1].key)'; keep one of them",
        tree.line)
    }
    let kind = kinds[0]
    try refuseForeignKeys(section, kind: kind.key)
    switch kind.key {
    case "csv":
      return .csv(try path(section, "csv", "a file"), try tableFormat(section))
    case "safetensors":
      let (targets, format) = try arrayFormat(section, byName: true)
      return .safetensors(
        try path(section, "safetensors", "a file"),
        features: try section.text("features", "the name of a tensor") ?? "features",
        targets: targets, format)
    case "idx", "npy":
      let features = try path(section, kind.key, "the file of the features")
      let (targets, format) = try arrayFormat(section, byName: false)
      return kind.key == "idx"
        ? .idx(features: features, targets: targets, format)
        : .npy(features: features, targets: targets, format)
    default:
      let options = try section.options(kind.value, of: kind.key, shorthand: "samples")
      do {
        _ = try SyntheticCatalogue.set(kind.key, options: options)
      } catch {
        throw section.error("\(error.problem); \(error.cure)", kind.line)
      }
      return .synthetic(
        kind.key, options: options, seed: UInt64(try section.count("seed") ?? 0))
    }
  }

  private static func refuseForeignKeys(_ section: Section, kind: String) throws(InputError) {
    let taken = origins.first { $0.key.name == kind }?.companions ?? []
    for key in section.keys(among: formNames) where !taken.contains(key) {
      throw section.error(
        "'\(kind)' has no '\(key)'; it has: \(taken.joined(separator: ", "))", section[key]?.line)
    }
  }

  private static func path(
    _ section: Section, _ key: String, _ wanted: String
  ) throws(InputError) -> String {
    guard let path = try section.text(key, wanted) else {
      throw section.error("'\(key)' names no file; give \(wanted)", nil)
    }
    return path
  }

  // MARK: - Forms

  private static func tableFormat(_ section: Section) throws(InputError) -> CSVFormat {
    var format = CSVFormat()
    switch (section["label"], section["targets"]) {
    case (let label?, nil): format.target = .classes(try column(label, "label", section))
    case (nil, let targets?):
      format.target = .reals(try columns(targets, "targets", section))
    case (nil, nil): break
    case (_?, let targets?):
      throw section.error(
        "there are both 'label' and 'targets'; keep 'label' for classes or 'targets' for numbers",
        targets.line)
    }
    format.header =
      switch try section.boolean("header") {
      case true?: .present
      case false?: .absent
      case nil: .automatic
      }
    if let text = try section.text("delimiter", "one character, such as ';'") {
      let wanted = text == "tab" || text == "\\t" ? "\t" : text
      guard wanted.unicodeScalars.count == 1, let scalar = wanted.unicodeScalars.first,
        scalar.isASCII
      else {
        throw section.error(
          "'delimiter' is '\(text.prefix(40))'; give one ASCII character, or tab",
          section["delimiter"]?.line)
      }
      format.delimiter = scalar
    }
    if let ignored = section["ignore"] {
      format.ignored = try columns(ignored, "ignore", section)
    }
    if let classes = section["classes"] {
      if let items = classes.items {
        format.classes = items.compactMap(\.scalar)
      } else {
        format.classCount = try section.count("classes")
      }
    }
    format.firstLabel = try firstLabel(section, isOfClasses: section["targets"] == nil)
    return format
  }

  private static func firstLabel(
    _ section: Section, isOfClasses: Bool
  ) throws(InputError) -> Int {
    guard let tree = section["first_label"] else { return 0 }
    guard isOfClasses else {
      throw section.error(
        "'first_label' is about classes, and the targets are numbers; leave it out, or name the "
          + "column of classes as 'label'", tree.line)
    }
    guard let whole = tree.scalar.flatMap({ Int($0) }), (-1_000_000_000...1_000_000_000) ~= whole
    else { throw section.refusal("first_label", tree, "a whole number, such as 1") }
    return whole
  }

  private static func column(
    _ tree: YAMLTree, _ key: String, _ section: Section
  ) throws(InputError) -> CSVFormat.Column {
    guard let text = tree.scalar, !tree.isNull else {
      throw section.refusal(key, tree, "the name or the number of a column")
    }
    return Int(text).map { .number($0) } ?? .name(text)
  }

  private static func columns(
    _ tree: YAMLTree, _ key: String, _ section: Section
  ) throws(InputError) -> [CSVFormat.Column] {
    var columns: [CSVFormat.Column] = []
    for item in tree.items ?? [tree] { columns.append(try column(item, key, section)) }
    return columns
  }

  /// The file or the tensor of the targets, and what they are.
  private static func arrayFormat(
    _ section: Section, byName: Bool
  ) throws(InputError) -> (targets: String, ArrayFormat) {
    var format = ArrayFormat()
    let wanted = byName ? "the name of a tensor" : "a file"
    let labels = try section.text("labels", wanted)
    let reals = try section.text("targets", wanted)
    let targets: String
    switch (labels, reals) {
    case (let labels?, nil):
      targets = labels
      format.target = .classes(count: try section.count("classes"))
    case (nil, let reals?): (targets, format.target) = (reals, .reals)
    case (nil, nil) where byName: targets = "labels"
    default:
      throw section.error(
        "\(section.name) needs either 'labels' or 'targets'; give \(wanted) of class numbers as "
          + "'labels', or of other numbers as 'targets'", nil)
    }
    format.firstLabel = try firstLabel(section, isOfClasses: reals == nil)
    format.divisor = try section.number("divide").map { Float($0) }
    format.areTokens = try section.boolean("tokens") ?? false
    return (targets, format)
  }
}

extension DataSource {
  /// The section as it would be written, without what is as by default.
  var tree: YAMLTree {
    var entries = Self.entries(of: origin)
    if let standardization {
      entries.append(.init("standardize", .text(standardization.rawValue)))
    }
    if standardizesTargets { entries.append(.init("standardize_targets", .boolean(true))) }
    if nonFinite != .refuse { entries.append(.init("non_finite", .text(nonFinite.rawValue))) }
    if !leftOut.isEmpty {
      entries.append(.init("leave_out", .list(leftOut.map { .integer($0) })))
    }
    switch validation {
    case .share(let share): entries.append(.init("validation", .number(share)))
    case .source(let origin):
      entries.append(.init("validation", .map(Self.entries(of: origin))))
    case nil: break
    }
    return .map(entries)
  }

  private static func entries(of origin: Origin) -> [YAMLTree.Entry] {
    switch origin {
    case .csv(let path, let format): return [.init("csv", .text(path))] + entries(of: format)
    case .idx(let features, let targets, let format):
      return [.init("idx", .text(features))] + entries(of: format, targets)
    case .npy(let features, let targets, let format):
      return [.init("npy", .text(features))] + entries(of: format, targets)
    case .safetensors(let path, let features, let targets, let format):
      return [.init("safetensors", .text(path)), .init("features", .text(features))]
        + entries(of: format, targets)
    case .synthetic(let name, let options, let seed):
      let written = options.sorted { $0.key < $1.key }.map {
        YAMLTree.Entry($0.key, .number($0.value))
      }
      return [.init(name, .map(written))] + (seed == 0 ? [] : [.init("seed", .text("\(seed)"))])
    }
  }

  private static func entries(of format: ArrayFormat, _ targets: String) -> [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    switch format.target {
    case .classes(let count):
      entries.append(.init("labels", .text(targets)))
      if let count { entries.append(.init("classes", .integer(count))) }
    case .reals: entries.append(.init("targets", .text(targets)))
    }
    if format.firstLabel != 0 {
      entries.append(.init("first_label", .integer(format.firstLabel)))
    }
    if let divisor = format.divisor { entries.append(.init("divide", .number(Double(divisor)))) }
    if format.areTokens { entries.append(.init("tokens", .boolean(true))) }
    return entries
  }

  private static func entries(of format: CSVFormat) -> [YAMLTree.Entry] {
    func text(_ column: CSVFormat.Column) -> YAMLTree {
      switch column {
      case .name(let name): .text(name)
      case .number(let number): .integer(number)
      }
    }
    var entries: [YAMLTree.Entry] = []
    switch format.target {
    case .classes(let column): entries.append(.init("label", text(column)))
    case .reals(let columns): entries.append(.init("targets", .list(columns.map(text))))
    }
    switch format.header {
    case .automatic: break
    case .present: entries.append(.init("header", .boolean(true)))
    case .absent: entries.append(.init("header", .boolean(false)))
    }
    if format.delimiter != "," {
      let text = format.delimiter == "\t" ? "tab" : String(format.delimiter)
      entries.append(.init("delimiter", .text(text)))
    }
    if !format.ignored.isEmpty {
      entries.append(.init("ignore", .list(format.ignored.map(text))))
    }
    if !format.classes.isEmpty {
      entries.append(.init("classes", .list(format.classes.map { .text($0) })))
    } else if let count = format.classCount {
      entries.append(.init("classes", .integer(count)))
    }
    if format.firstLabel != 0 {
      entries.append(.init("first_label", .integer(format.firstLabel)))
    }
    return entries
  }
}
