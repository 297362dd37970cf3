public import Numbers

/// An operator that applies one scalar function to every element.
public typealias Activation = Operator & ScalarFunction

/// The activations that users may name, injected at the top as the operators are.
public struct ActivationCatalogue: Sendable {
  /// One activation: its name, its parameters with their defaults, and how to make it.
  public struct Entry: Sendable {
    public let name: String
    public let parameters: [(name: String, fallback: Double)]
    public let make: @Sendable ([Double]) throws(OperatorError) -> any Activation

    public init(
      _ name: String, _ parameters: [(name: String, fallback: Double)] = [],
      make: @escaping @Sendable ([Double]) throws(OperatorError) -> any Activation
    ) {
      self.name = name
      self.parameters = parameters
      self.make = make
    }
  }

  public let entries: [Entry]

  /// Creates a catalogue of entries whose names differ.
  public init(_ entries: [Entry]) {
    precondition(Set(entries.map(\.name)).count == entries.count, "an activation stands twice")
    self.entries = entries
  }

  /// The activation written as `text`: a name, with parameters in parentheses where it has some.
  ///
  /// - Throws: ``OperatorError`` for an unknown name, or parameters that are not numbers in range.
  public func activation(_ text: String) throws(OperatorError) -> any Activation {
    let open = text.firstIndex(of: "(")
    let name = String(text[..<(open ?? text.endIndex)])
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw OperatorError(.unknownOperator, in: name, "no such activation")
    }
    var arguments: [Double] = []
    if let open {
      guard text.last == ")" else {
        throw OperatorError(.invalidAttribute, in: name, "a parenthesis is not closed in '\(text)'")
      }
      for part in text[text.index(after: open)...].dropLast().split(separator: ",") {
        guard let number = Double(part.filter { $0 != " " }), number.isFinite else {
          throw OperatorError(.invalidAttribute, in: name, "'\(part)' is not a number")
        }
        arguments.append(number)
      }
    }
    guard arguments.count <= entry.parameters.count else {
      let count = entry.parameters.count
      throw OperatorError(
        .invalidAttribute, in: name, "takes \(count) parameters, not \(arguments.count)")
    }
    for parameter in entry.parameters.dropFirst(arguments.count) {
      arguments.append(parameter.fallback)
    }
    return try entry.make(arguments)
  }
}
