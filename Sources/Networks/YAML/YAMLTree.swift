/// A value of a YAML file with the line it stands on; two that differ only in place are equal.
public struct YAMLTree: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case scalar(String, isQuoted: Bool)
    case sequence([YAMLTree])
    case mapping([Entry])
  }

  public struct Entry: Hashable, Sendable {
    public let key: String
    public let line: SourceLine
    public let value: YAMLTree

    public init(_ key: String, _ value: YAMLTree, line: SourceLine = SourceLine(nil)) {
      self.key = key
      self.value = value
      self.line = line
    }
  }

  public let content: Content
  public let line: SourceLine

  public init(_ content: Content, line: SourceLine = SourceLine(nil)) {
    self.content = content
    self.line = line
  }
}

/// A line of a file, from 1, or nil outside any file; all are equal, since where a thing was
/// written does not make it another thing.
public struct SourceLine: Hashable, Sendable {
  public let number: Int?

  public init(_ number: Int?) { self.number = number }

  public static func == (a: SourceLine, b: SourceLine) -> Bool { true }
  public func hash(into hasher: inout Hasher) {}
}

extension YAMLTree {
  public static func text(_ text: String) -> YAMLTree {
    YAMLTree(.scalar(text, isQuoted: false))
  }

  public static func integer(_ value: Int) -> YAMLTree { .text(String(value)) }

  /// The shortest decimal that reads back as `value`, without a point for whole numbers.
  public static func number(_ value: Double) -> YAMLTree {
    if let whole = Int(exactly: value), whole.magnitude < 1 << 53 { return .integer(whole) }
    return .text(value.description)
  }

  public static func boolean(_ value: Bool) -> YAMLTree { .text(value ? "true" : "false") }

  public static func list(_ items: [YAMLTree]) -> YAMLTree { YAMLTree(.sequence(items)) }

  public static func integers(_ values: [Int]) -> YAMLTree { .list(values.map { .integer($0) }) }

  public static func map(_ entries: [Entry]) -> YAMLTree { YAMLTree(.mapping(entries)) }

  /// The text of a scalar; nil for a collection.
  public var scalar: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }

  public var items: [YAMLTree]? {
    if case .sequence(let items) = content { items } else { nil }
  }

  public var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The value of `key` in a mapping.
  public subscript(key: String) -> YAMLTree? {
    entries?.first { $0.key == key }?.value
  }

  /// Whether this is nothing: an empty plain scalar, `~` or `null`.
  public var isNull: Bool {
    if case .scalar(let text, isQuoted: false) = content {
      ["", "~", "null", "Null", "NULL"].contains(text)
    } else {
      false
    }
  }

  /// Whether a plain scalar means nothing, a number or a truth value, which in quotes it does not.
  var isMoreThanText: Bool {
    isNull || finiteNumber != nil || ["true", "false"].contains(scalar)
  }

  /// What kind of value this is, for messages.
  public var kindName: String {
    switch content {
    case .scalar where isNull: "nothing"
    case .scalar(let text, _): "'\(text.prefix(40))'"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
