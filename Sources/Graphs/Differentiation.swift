public import Semantics

extension Graph {
  /// Cotangents of values, as found by ``differentiate(_:withRespectTo:adding:)``.
  public typealias Cotangents = [Value: Value]

  /// Appends the backward pass: reverse-mode differentiation as graph rewriting.
  ///
  /// A cotangent that arrives from several nodes is summed from the last of them to the first, and
  /// its sum belongs to the node that computes the value, or to the first node that reads an input
  /// or parameter. The work is linear in the number of nodes.
  ///
  /// - Parameters:
  ///   - outputs: real values with the cotangents that seed the pass, of the same types.
  ///   - targets: values whose cotangents are wanted; nodes that no target depends on are skipped.
  ///   - adding: makes the operator that adds two tensors of one type.
  /// - Returns: the cotangent of every value that the pass reached, targets and those between.
  /// - Throws: ``OperatorError`` from a gradient rule, or when one gives another type than its
  ///   operand.
  public mutating func differentiate(
    _ outputs: [(value: Value, cotangent: Value)], withRespectTo targets: [Value],
    adding: () -> any Operator
  ) throws(OperatorError) -> Cotangents {
    let (outerScope, outerOrigin) = (scope, origin)
    defer {
      scope = outerScope
      origin = outerOrigin
      forward = nil
    }
    let count = nodes.count
    let needed = valuesDependingOn(targets)
    var isOutside = [Bool](repeating: false, count: types.count)
    for value in inputs + parameters { isOutside[value.index] = true }
    var terms: [Value: [Value]] = [:]
    // The node, first in the graph's order, that a value got a term from.
    var readers: [Value: Int] = [:]
    var found: Cotangents = [:]

    for (value, cotangent) in outputs {
      precondition(types[value.index] == types[cotangent.index], "cotangent of another type")
      terms[value, default: []].append(cotangent)
    }

    func cotangent(of value: Value, in graph: inout Graph) throws(OperatorError) -> Value? {
      if let known = found[value] { return known }
      guard let parts = terms.removeValue(forKey: value) else { return nil }
      var sum = parts[0]
      for part in parts.dropFirst() { sum = try graph.append(adding(), to: [sum, part])[0] }
      found[value] = sum
      return sum
    }

    for number in stride(from: count - 1, through: 0, by: -1) {
      let node = nodes[number]
      guard node.operands.contains(where: { needed[$0.index] }) else { continue }
      scope = node.scope
      origin = node.origin
      forward = number
      var results: [Value?] = []
      for result in node.results { results.append(try cotangent(of: result, in: &self)) }
      guard results.contains(where: { $0 != nil }) else { continue }
      let operands = try node.op.gradient(
        of: results, at: NodeValues(operands: node.operands, results: node.results), in: &self)
      precondition(
        operands.count == node.operands.count, "\(node.op.typeName): one entry per operand")
      for (operand, part) in zip(node.operands, operands) {
        guard let part, needed[operand.index] else { continue }
        guard types[part.index] == types[operand.index] else {
          throw OperatorError(
            .invalidShape, in: node.op.typeName,
            "the gradient rule gave \(types[part.index]) for an operand \(types[operand.index])")
        }
        readers[operand] = number
        guard isOutside[operand.index], let sum = terms[operand]?.first else {
          terms[operand, default: []].append(part)
          continue
        }
        // Nothing else waits for these cotangents; sums of parts need less memory than all parts.
        terms[operand] = [try append(adding(), to: [sum, part])[0]]
      }
    }
    for target in targets {
      forward = readers[target]
      scope = forward.map { nodes[$0].scope } ?? outerScope
      origin = forward.map { nodes[$0].origin } ?? outerOrigin
      _ = try cotangent(of: target, in: &self)
    }
    return found
  }

  /// Whether each value depends on any of `targets`, by the value's number.
  private func valuesDependingOn(_ targets: [Value]) -> [Bool] {
    var depends = [Bool](repeating: false, count: types.count)
    for target in targets { depends[target.index] = true }
    for node in nodes where node.operands.contains(where: { depends[$0.index] }) {
      for result in node.results { depends[result.index] = true }
    }
    return depends
  }
}
