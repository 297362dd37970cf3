/// How large a network may be, so that a hostile or mistaken file is refused at once.
public struct NetworkLimits: Hashable, Sendable {
  /// Bytes of one file.
  public var fileBytes: Int
  /// Values in a file, aliases expanded.
  public var yamlValues: Int
  /// How deep layers may contain layers.
  public var nesting: Int
  /// Layers after every `repeat` is written out.
  public var layers: Int
  /// Nodes of the graph, recurrent layers unrolled.
  public var nodes: Int
  /// Elements of all parameters together.
  public var parameterElements: Int
  /// Elements of one value: a parameter, or the output of one operator for the whole batch.
  public var valueElements: Int

  public init(
    fileBytes: Int = 2 << 20, yamlValues: Int = 500_000, nesting: Int = 64,
    layers: Int = 100_000, nodes: Int = 500_000, parameterElements: Int = 1 << 28,
    valueElements: Int = 1 << 28
  ) {
    self.fileBytes = fileBytes
    self.yamlValues = yamlValues
    self.nesting = nesting
    self.layers = layers
    self.nodes = nodes
    self.parameterElements = parameterElements
    self.valueElements = valueElements
  }
}

extension Int {
  /// The number with a comma after every third digit, for people.
  var grouped: String {
    var digits = String(magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits = String(digits.dropLast(3))
    }
    groups.insert(Substring(digits), at: 0)
    return (self < 0 ? "-" : "") + groups.joined(separator: ",")
  }
}

/// `a · b`, or the largest integer where that overflows.
func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max : product
}

/// `a + b`, or the largest integer where that overflows.
func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? .max : sum
}
