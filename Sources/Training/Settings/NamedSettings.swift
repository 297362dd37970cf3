import Networks

/// Settings that people choose by a name and change by options, such as an optimiser.
public protocol NamedSettings: Hashable, Sendable {
  /// What people write: `adam`.
  static var name: String { get }
  /// What it is, in a line.
  static var summary: String { get }
  /// All options, in the order in which they are explained.
  static var options: [SettingsOption<Self>] { get }

  /// Every option at its default.
  init()

  /// Checks what options say together; each is in its range already.
  ///
  /// - Throws: ``TrainingError`` when they do not go together.
  func checkTogether() throws(TrainingError)
}

/// An option: its name, its range and where it is stored.
///
/// All values are numbers.
public struct SettingsOption<Owner: Sendable>: Sendable {
  /// Which numbers of a range are allowed.
  public enum Kind: Hashable, Sendable {
    /// All.
    case number
    /// All but the greatest.
    case below
    /// 0 for no, 1 for yes.
    case flag
    /// Whole numbers.
    case count
  }

  public let name: String
  public let range: ClosedRange<Double>
  public let kind: Kind
  let get: @Sendable (Owner) -> Double
  let set: @Sendable (inout Owner, Double) -> Void

  /// A real number in a range.
  static func number(
    _ name: String, _ path: any WritableKeyPath<Owner, Double> & Sendable,
    _ range: ClosedRange<Double>
  ) -> SettingsOption {
    SettingsOption(
      name: name, range: range, kind: .number, get: { $0[keyPath: path] },
      set: { $0[keyPath: path] = $1 })
  }

  /// A real number from 0 to less than 1: how much of an average stays in every step.
  static func decay(
    _ name: String, _ path: any WritableKeyPath<Owner, Double> & Sendable
  ) -> SettingsOption {
    SettingsOption(
      name: name, range: 0...1, kind: .below, get: { $0[keyPath: path] },
      set: { $0[keyPath: path] = $1 })
  }

  /// Yes or no, written 1 or 0.
  static func flag(
    _ name: String, _ path: any WritableKeyPath<Owner, Bool> & Sendable
  ) -> SettingsOption {
    SettingsOption(
      name: name, range: 0...1, kind: .flag, get: { $0[keyPath: path] ? 1 : 0 },
      set: { $0[keyPath: path] = $1 == 1 })
  }

  /// A whole number of at least `least`.
  static func count(
    _ name: String, _ path: any WritableKeyPath<Owner, Int> & Sendable, from least: Int = 1
  ) -> SettingsOption {
    SettingsOption(
      name: name, range: Double(least)...1e15, kind: .count, get: { Double($0[keyPath: path]) },
      set: { $0[keyPath: path] = Int($1) })
  }

  /// The option's value in some settings.
  public func value(in owner: Owner) -> Double { get(owner) }

  func accepts(_ value: Double) -> Bool {
    switch kind {
    case .number: range.contains(value)
    case .below: range.contains(value) && value < range.upperBound
    case .flag: value == 0 || value == 1
    case .count: range.contains(value) && value == value.rounded()
    }
  }

  /// Which values are allowed, for a message: `a number from 0 to less than 1`.
  public var allowed: String {
    let (low, high) = (shortNumber(range.lowerBound), shortNumber(range.upperBound))
    return switch kind {
    case .number: "a number from \(low) to \(high)"
    case .below: "a number from \(low) to less than \(high)"
    case .flag: "0 for no or 1 for yes"
    case .count: "a whole number of at least \(low)"
    }
  }
}

/// The number without a fraction of 0.
private func shortNumber(_ number: Double) -> String {
  number == number.rounded() && number.magnitude < 1e6 ? "\(Int(number))" : "\(number)"
}

extension NamedSettings {
  public func checkTogether() throws(TrainingError) {}

  /// The settings with options by name; those that are not named keep their defaults.
  ///
  /// - Throws: ``TrainingError`` when there is no such option, a value is out of its range, or
  ///   values do not go together.
  public init(options: [String: Double]) throws(TrainingError) {
    self.init()
    for (name, value) in options.sorted(by: { $0.key < $1.key }) {
      guard let option = Self.options.first(where: { $0.name == name }) else {
        let names = Self.options.map(\.name)
        throw TrainingError(
          .unknownName, "'\(Self.name)' has no option \(quoted(name))",
          cure: names.isEmpty
            ? "it takes none" : suggestion(for: name, among: names, of: "its options are"))
      }
      try Self.check(option, value)
      option.set(&self, value)
    }
    try checkTogether()
  }

  /// Checks every option of settings that were written in Swift.
  ///
  /// - Throws: ``TrainingError`` as ``init(options:)`` does.
  public func check() throws(TrainingError) {
    for option in Self.options { try Self.check(option, option.get(self)) }
    try checkTogether()
  }

  /// The values of all options, by name.
  public var optionValues: [String: Double] {
    Dictionary(uniqueKeysWithValues: Self.options.map { ($0.name, $0.get(self)) })
  }

  private static func check(
    _ option: SettingsOption<Self>, _ value: Double
  ) throws(TrainingError) {
    guard !option.accepts(value) else { return }
    throw TrainingError(
      .invalidValue, "'\(option.name)' of '\(name)' is \(shortNumber(value))",
      cure: "give \(option.allowed)")
  }
}

/// Settings of one kind by name.
func settings<Kind>(
  named name: String, options: [String: Double], among all: [any NamedSettings.Type],
  called kind: String, plural: String, as _: Kind.Type
) throws(TrainingError) -> Kind {
  guard let type = all.first(where: { $0.name == name }) else {
    throw TrainingError(
      .unknownName, "there is no \(kind) \(quoted(name))",
      cure: suggestion(for: name, among: all.map { $0.name }, of: "the \(plural) are"))
  }
  guard let found = try type.init(options: options) as? Kind else {
    preconditionFailure("'\(name)' is no \(kind)")
  }
  return found
}

func suggestion(for name: String, among names: [String], of list: String) -> String {
  let meant = nearestName(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
  return "\(meant)\(list) \(names.joined(separator: ", "))"
}

/// The text in quotes for a message: at most 40 characters, without control characters.
func quoted(_ text: String) -> String {
  // Cut by scalars first: one character may hold any number of them.
  let scalars = text.unicodeScalars.prefix(160).map { scalar -> Character in
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : Character(scalar)
  }
  let isWhole = scalars.count == text.unicodeScalars.count && text.count <= 40
  return "'" + (isWhole ? String(scalars) : String(scalars.prefix(40)) + "…") + "'"
}
