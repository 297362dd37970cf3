/// Every element is brought between −c and c.
public struct ValueClipping: Clipping {
  public static let name = "value"
  public static let summary = "Every element is brought between −limit and limit."
  public static let options: [SettingsOption<ValueClipping>] = [
    .number("limit", \.limit, limitRange)
  ]

  /// c.
  public var limit = 1.0

  public init() {}
}

/// Limits of elements and norms.
let limitRange = 0.0...1e38
