import Findings
import Networks
import TensorFiles
import Training

/// A mapping of an experiment's file, whose keys are known, and what is wrong with it by line.
struct Section {
  /// What messages call it: `'training'`.
  let name: String
  let file: String?
  let line: Int?
  private let keys: [Key]
  private let entries: [YAMLTree.Entry]

  /// - Throws: `InputError` when it is no mapping, or has a key that is not among `keys`.
  init(
    _ tree: YAMLTree, called name: String, file: String?, keys: [Key]
  ) throws(InputError) {
    self.name = name
    self.file = file
    self.keys = keys
    let known = keys.map(\.name)
    line = tree.line.number
    entries = tree.isNull ? [] : tree.entries ?? []
    guard tree.isNull || tree.entries != nil else {
      throw error(
        "\(name) is \(tree.kindName); write a mapping with keys such as '\(known[0]):'", tree.line)
    }
    for entry in entries where !known.contains(entry.key) {
      let cure =
        nearestName(to: entry.key, among: known).map { "did you mean '\($0)'?" }
        ?? "it has: \(known.joined(separator: ", "))"
      throw error("\(name) has no key '\(entry.key.prefix(40))'; \(cure)", entry.line)
    }
  }

  /// What was written under a key; nil where nothing was.
  subscript(_ key: String) -> YAMLTree? {
    entries.first { $0.key == key }.flatMap { $0.value.isNull ? nil : $0.value }
  }

  /// Which of some keys were written.
  func keys(among keys: [String]) -> [String] { keys.filter { self[$0] != nil } }

  func error(_ message: String, _ line: SourceLine?) -> InputError {
    InputError(file: file, line: line?.number ?? self.line, message)
  }

  /// The form of a key, as the table of the section states it.
  private func form(_ name: String) -> Key.Form {
    guard let key = keys.first(where: { $0.name == name }) else {
      preconditionFailure("\(self.name) does not state a key '\(name)'")
    }
    return key.form
  }

  /// The mapping that stands under a key.
  func section(_ key: String, _ tree: YAMLTree) throws(InputError) -> Section {
    guard let keys = form(key).mappingKeys else {
      preconditionFailure("'\(key)' states no mapping")
    }
    return try Section(tree, called: "'\(key)'", file: file, keys: keys)
  }

  /// A number in the range of its key.
  func number(_ key: String) throws(InputError) -> Double? {
    guard let range = form(key).numberRange else {
      preconditionFailure("'\(key)' states no numbers")
    }
    guard let tree = self[key] else { return nil }
    guard let number = tree.finiteNumber, range.contains(number) else {
      throw refusal(
        key, tree,
        "a number from \(Numerals.precise(range.lowerBound)) to "
          + "\(Numerals.precise(range.upperBound))")
    }
    return number
  }

  /// A whole number in the range of its key.
  func count(_ key: String) throws(InputError) -> Int? {
    guard let range = form(key).integerRange else {
      preconditionFailure("'\(key)' states no whole numbers")
    }
    guard let tree = self[key] else { return nil }
    guard let number = tree.scalar.flatMap({ Int($0) }), range.contains(number) else {
      let isOpen = range.upperBound >= 1_000_000_000_000
      throw refusal(
        key, tree,
        "a whole number "
          + (isOpen
            ? "of at least \(range.lowerBound)"
            : "from \(range.lowerBound) to \(range.upperBound.groupedDigits)"))
    }
    return number
  }

  func boolean(_ key: String) throws(InputError) -> Bool? {
    guard let tree = self[key] else { return nil }
    switch tree.scalar {
    case "true", "True", "yes": return true
    case "false", "False", "no": return false
    default: throw refusal(key, tree, "true or false")
    }
  }

  func text(_ key: String, _ wanted: String) throws(InputError) -> String? {
    guard let tree = self[key] else { return nil }
    guard let text = tree.scalar, !text.isEmpty else { throw refusal(key, tree, wanted) }
    return text
  }

  /// One of the names that its key states.
  func choice(_ key: String) throws(InputError) -> String? {
    let names = form(key).choices
    guard let tree = self[key] else { return nil }
    guard let text = tree.scalar, names.contains(text) else {
      let near = tree.scalar.flatMap { nearestName(to: $0, among: names) }
      throw error(
        "'\(key)' is \(tree.kindName); "
          + (near.map { "did you mean '\($0)'?" } ?? "choose \(names.joined(separator: ", "))"),
        tree.line)
    }
    return text
  }

  func refusal(_ key: String, _ tree: YAMLTree, _ wanted: String) -> InputError {
    error("'\(key)' is \(tree.kindName); give \(wanted)", tree.line)
  }
}

extension Section {
  /// A choice by name with options: `adam`, `{sgd: 0.1}`, `{sgd: {learning_rate: 0.1}}`.
  ///
  /// A number stands for the shorthand of the form.
  func named<Kind>(
    _ tree: YAMLTree, _ wanted: String, among forms: [NamedForm],
    make: (String, [String: Double]) throws -> Kind
  ) throws(InputError) -> Kind {
    var (name, options): (String, [String: Double]) = ("", [:])
    if let text = tree.scalar, !tree.isNull {
      name = text
    } else if let entries = tree.entries, entries.count == 1 {
      name = entries[0].key
      // A name that there is not is told as such, whatever its options are.
      if let form = forms.first(where: { $0.name == name }) {
        options = try self.options(entries[0].value, of: name, shorthand: form.shorthand)
      }
    } else {
      throw error(
        "\(wanted) is \(tree.kindName); write its name, or one name with options as in "
          + "'{name: {option: 1}}'", tree.line)
    }
    do {
      return try make(name, options)
    } catch let error as TrainingError {
      throw self.error("\(error.problem); \(error.cure)", tree.line)
    } catch {
      throw self.error("\(error)", tree.line)
    }
  }

  /// Options that are numbers, or true and false.
  func options(
    _ tree: YAMLTree, of name: String, shorthand: String?
  ) throws(InputError) -> [String: Double] {
    if tree.isNull { return [:] }
    guard let entries = tree.entries else {
      guard let shorthand, let number = Self.value(tree) else {
        throw error(
          "'\(name)' is given \(tree.kindName); write its options as a mapping", tree.line)
      }
      return [shorthand: number]
    }
    var options: [String: Double] = [:]
    for entry in entries {
      guard let number = Self.value(entry.value) else {
        throw error(
          "'\(entry.key)' of '\(name)' is \(entry.value.kindName); give a number", entry.line)
      }
      options[entry.key] = number
    }
    return options
  }

  private static func value(_ tree: YAMLTree) -> Double? {
    switch tree.scalar {
    case "true": 1
    case "false": 0
    default: tree.finiteNumber
    }
  }
}

extension Key.Form {
  /// The forms that this one consists of: itself, or its alternatives.
  private var alternatives: [Key.Form] {
    if case .oneOf(let forms) = self { forms } else { [self] }
  }

  fileprivate var numberRange: ClosedRange<Double>? {
    alternatives.lazy.compactMap { form in
      switch form {
      case .number(let range): range
      // What stands at the upper end is refused by the settings themselves.
      case .below(let range): range.lowerBound...range.upperBound
      default: nil
      }
    }.first
  }

  fileprivate var integerRange: ClosedRange<Int>? {
    alternatives.lazy.compactMap { if case .integer(let range) = $0 { range } else { nil } }.first
  }

  fileprivate var mappingKeys: [Key]? {
    alternatives.lazy.compactMap { if case .mapping(let keys, _) = $0 { keys } else { nil } }.first
  }
}
