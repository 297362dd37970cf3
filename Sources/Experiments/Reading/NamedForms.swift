import Networks
import Samples
import Training
import Watching

extension NamedForm {
  /// Settings as they are written: by a name, with their options; a number alone is the first.
  ///
  /// - Parameters:
  ///   - settings: with the values that options have where they are left out.
  ///   - name: what they are called here, where that is not their own name.
  init<Settings: NamedSettings>(_ settings: Settings, called name: String = Settings.name) {
    self.init(
      name, Settings.summary,
      keys: Settings.options.map { Key($0, default: $0.value(in: settings)) },
      shorthand: Settings.options.first?.name)
  }

  /// A synthetic set with its options; a number alone stands for its samples.
  init<Samples: SyntheticSet>(_ set: Samples) {
    self.init(
      Samples.name, Samples.summary,
      keys: Samples.options.map { option in
        Key(
          option.name, number: option.range, isWhole: option.isWhole,
          default: option.value(in: set))
      }, shorthand: "samples")
  }
}

extension Key {
  init<Owner>(_ option: SettingsOption<Owner>, default value: Double) {
    switch option.kind {
    case .number: self.init(option.name, number: option.range, default: value)
    case .count: self.init(option.name, number: option.range, isWhole: true, default: value)
    case .below:
      let range = option.range.lowerBound..<option.range.upperBound
      self.init(option.name, .below(range), default: "\(value)", Self.sentence(option.allowed))
    case .flag:
      self.init(
        option.name, .oneOf([.boolean, .integer(0...1)]), default: "\(value == 1)", "Yes or no.")
    }
  }

  init(_ option: WatchOption) {
    self.init(
      option.name, number: option.range, isWhole: option.isWhole,
      default: option.value(in: WatchThresholds()), Self.sentence(option.summary))
  }

  /// A number or a whole number in a range.
  fileprivate init(
    _ name: String, number range: ClosedRange<Double>, isWhole: Bool = false,
    default value: Double, _ summary: String? = nil
  ) {
    self.init(
      name,
      isWhole ? .integer(Int(range.lowerBound)...Int(range.upperBound)) : .number(range),
      default: YAMLTree.number(value).scalar,
      summary ?? (isWhole ? "A whole number." : "A number."))
  }

  private static func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }
}
