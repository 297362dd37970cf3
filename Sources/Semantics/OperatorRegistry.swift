/// The operators that a graph may name.
///
/// The registry is only a table from names to types. Once a node holds an `any Operator`, every
/// rule is reached through the protocol, so no analysis contains a switch over operators.
public struct OperatorRegistry: Sendable {
  private var types: [String: any Operator.Type] = [:]

  /// Creates a registry of the given types, whose names must differ.
  public init(_ types: [any Operator.Type]) {
    for type in types {
      precondition(self.types[type.name] == nil, "\(type.name) is registered twice")
      self.types[type.name] = type
    }
  }

  /// Every registered type, by name.
  public var all: [any Operator.Type] {
    types.keys.sorted().compactMap { types[$0] }
  }

  /// Creates the operator called `name`.
  public func make(
    _ name: String, _ attributes: Attributes = [:]
  ) throws(OperatorError) -> any Operator {
    guard let type = types[name] else {
      throw OperatorError(.unknownOperator, in: name, "no such operator")
    }
    return try type.init(attributes: attributes)
  }
}
