/// The named attributes of a node.
public struct Attributes: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  public enum Value: Hashable, Sendable {
    case integer(Int)
    case real(Double)
    case text(String)
    case integers([Int])
    case reals([Double])
  }

  public private(set) var values: [String: Value]

  public init(dictionaryLiteral elements: (String, Value)...) {
    values = Dictionary(uniqueKeysWithValues: elements)
  }

  public subscript(name: String) -> Value? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// Throws when an attribute outside `known` is present.
  public func allowOnly(_ known: String..., in owner: String) throws(OperatorError) {
    for name in values.keys.sorted() where !known.contains(name) {
      throw OperatorError(.invalidAttribute, in: owner, "has no attribute '\(name)'")
    }
  }

  public func integer(
    _ name: String, default fallback: Int? = nil, in owner: String
  ) throws(OperatorError) -> Int {
    switch (values[name], fallback) {
    case (.integer(let value), _): value
    case (nil, let fallback?): fallback
    default: throw OperatorError(.invalidAttribute, in: owner, "'\(name)' must be an integer")
    }
  }

  public func real(
    _ name: String, default fallback: Double? = nil, in owner: String
  ) throws(OperatorError) -> Double {
    switch (values[name], fallback) {
    case (.real(let value), _): value
    case (.integer(let value), _): Double(value)
    case (nil, let fallback?): fallback
    default: throw OperatorError(.invalidAttribute, in: owner, "'\(name)' must be a number")
    }
  }

  public func text(
    _ name: String, default fallback: String? = nil, in owner: String
  ) throws(OperatorError) -> String {
    switch (values[name], fallback) {
    case (.text(let value), _): value
    case (nil, let fallback?): fallback
    default: throw OperatorError(.invalidAttribute, in: owner, "'\(name)' must be a text")
    }
  }

  public func integers(
    _ name: String, default fallback: [Int]? = nil, in owner: String
  ) throws(OperatorError) -> [Int] {
    switch (values[name], fallback) {
    case (.integers(let value), _): value
    case (nil, let fallback?): fallback
    default: throw OperatorError(.invalidAttribute, in: owner, "'\(name)' must be integers")
    }
  }

  public func reals(
    _ name: String, default fallback: [Double]? = nil, in owner: String
  ) throws(OperatorError) -> [Double] {
    switch (values[name], fallback) {
    case (.reals(let value), _): value
    case (.integers(let value), _): value.map(Double.init)
    case (nil, let fallback?): fallback
    default: throw OperatorError(.invalidAttribute, in: owner, "'\(name)' must be numbers")
    }
  }
}
