/// A function that a model defines, by what nodes call it.
package struct ModelFunction: Hashable, Sendable {
  package let domain: String
  package let name: String
  package let overload: String

  package init(domain: String, name: String, overload: String) {
    (self.domain, self.name, self.overload) = (domain, name, overload)
  }
}

/// A value of a model file: its name, and the function in which it has it.
///
/// A node is told by its first output.
package struct ModelPlace: Hashable, Sendable {
  /// Nil for the graph and the graphs within its nodes.
  package let function: ModelFunction?
  package let name: String

  package init(_ function: ModelFunction?, _ name: String) {
    self.function = function
    self.name = name
  }
}

/// What importing found of a value: nil where it is not the same each time.
package struct ModelType: Hashable, Sendable {
  package let type: DataType?
  package let rank: Int?
}
