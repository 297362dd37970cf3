import Foundation
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Products of matrices.
  static let products: [String: Rule] = [
    "MatMul": one { try $0.builder.product($0.input(0), $0.input(1)) },
    "Gemm": one(gemm),
    "Einsum": one(einsum),
  ]

  private static func gemm(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    var operands = try [context.input(0), context.input(1)]
    if let c = try context.optional(2) { operands.append(c) }
    let (alpha, beta) = try (
      context.decimal("alpha", default: 1), context.decimal("beta", default: 1)
    )
    let type = operands[0].type
    guard operands.allSatisfy(\.isReal) else {
      // Integers, exactly.
      var (a, b) = (operands[0], operands[1])
      guard a.rank == 2, b.rank == 2 else { throw ModelError.invalid("takes matrices") }
      if try context.flag("transA") { a = try builder.transpose(a, [1, 0]) }
      if try context.flag("transB") { b = try builder.transpose(b, [1, 0]) }
      guard alpha == alpha.rounded(), beta == beta.rounded() else {
        throw ModelError.unsupported("integers times alpha or beta with a fraction")
      }
      let product = try builder.multiply(builder.product(a, b), alpha)
      guard operands.count == 3 else { return product }
      return try builder.add(product, builder.multiply(operands[2], beta))
    }
    if operands.count == 3, operands[2].rank > 2 {
      throw ModelError.invalid("C of shape \(operands[2].shape) does not fit a matrix")
    }
    let op = Gemm(
      isLeftTransposed: try context.flag("transA"), isRightTransposed: try context.flag("transB"),
      alpha: alpha, beta: beta)
    return try builder.append(op, to: operands, as: type)[0]
  }

  // MARK: Einsum

  /// Labels of axes, small numbers for letters and negative ones for those of an ellipsis.
  private struct Term {
    var labels: [Int]
    var operand: Operand
  }

  /// Einstein's summation, pair by pair from the left.
  private static func einsum(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    let text = try context.text("equation", default: "").filter { $0 != " " }
    let sides = text.components(separatedBy: "->")
    let names = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    let operands = try context.allInputs()
    guard sides.count <= 2, names.count == operands.count, !operands.isEmpty else {
      throw ModelError.invalid("equation \(text.quotedName) does not fit \(operands.count) inputs")
    }
    var terms = try zip(names, operands).map { name, operand in
      try diagonal(
        Term(labels: labels(String(name), rank: operand.rank, of: text), operand: operand), builder)
    }
    let all = terms.flatMap(\.labels)
    let result: [Int]
    if sides.count == 2 {
      let ellipsis = Set(all.filter { $0 < 0 }).count
      let letters = sides[1].count { $0 != "." }
      result = try labels(sides[1], rank: letters + ellipsis, of: text)
    } else {
      // The axes of the ellipsis, then letters that occur once, in order.
      let once = Set(all.filter { label in all.count { $0 == label } == 1 && label >= 0 })
      result = Set(all.filter { $0 < 0 }).sorted() + once.sorted()
    }
    guard Set(result).count == result.count, Set(result).isSubset(of: all) else {
      throw ModelError.invalid(
        "equation \(text.quotedName) has an axis in its result alone, or twice")
    }
    var left = terms.removeFirst()
    while !terms.isEmpty {
      let right = terms.removeFirst()
      let later = Set(result).union(terms.flatMap(\.labels))
      left = try product(left, right, later, builder)
    }
    // What is left and not wanted is summed; what is wanted and only broadcast stays.
    let sums = left.labels.indices.filter { !result.contains(left.labels[$0]) }
    let summed = try builder.sum(left.operand, sums, keepsAxes: false)
    let rest = left.labels.filter { result.contains($0) }
    return try builder.transpose(summed, result.compactMap { rest.firstIndex(of: $0) })
  }

  private static func labels(_ name: String, rank: Int, of text: String) throws -> [Int] {
    let parts = name.components(separatedBy: "...")
    let letters = parts.map { part in part.compactMap { $0.asciiValue }.map(Int.init) }
    let count = letters.reduce(0) { $0 + $1.count }
    let isValid = name.filter { $0 != "." }.allSatisfy { $0.isASCII && $0.isLetter }
    guard isValid, parts.count <= 2, parts.count == 2 ? rank >= count : rank == count else {
      throw ModelError.invalid(
        "\(name.quotedName) of equation \(text.quotedName) does not fit \(rank) axes")
    }
    if parts.count == 1 { return letters[0] }
    return letters[0] + (count..<rank).map { $0 - rank } + letters[1]
  }

  /// A label that an operand has twice names a diagonal.
  private static func diagonal(_ term: Term, _ builder: Builder) throws -> Term {
    var term = term
    while let second = term.labels.indices.last(where: {
      term.labels.firstIndex(of: term.labels[$0]) != $0
    }), let first = term.labels.firstIndex(of: term.labels[second]) {
      let shape = term.operand.shape
      guard shape[first] == shape[second] else {
        throw ModelError.invalid("a diagonal of the axes \(shape[first]) and \(shape[second])")
      }
      var extents = shape.extents
      extents.remove(at: second)
      let strides = shape.strides
      var kept = strides
      kept.remove(at: second)
      kept[first] += strides[second]
      let places = Shape(extents).places(strides: kept)
      term.operand = try builder.take(term.operand, places, shape: extents)
      term.labels.remove(at: second)
    }
    return term
  }

  /// The product of two terms, with labels summed that no later term needs.
  private static func product(
    _ a: Term, _ b: Term, _ later: Set<Int>, _ builder: Builder
  ) throws -> Term {
    // Labels of one side that nobody needs are summed before.
    func reduced(_ term: Term, _ other: Term) throws -> Term {
      let axes = term.labels.indices.filter {
        !later.contains(term.labels[$0]) && !other.labels.contains(term.labels[$0])
      }
      return Term(
        labels: term.labels.indices.filter { !axes.contains($0) }.map { term.labels[$0] },
        operand: try builder.sum(term.operand, axes, keepsAxes: false))
    }
    let (a, b) = (try reduced(a, b), try reduced(b, a))
    let shared = a.labels.filter { b.labels.contains($0) }
    let batch = shared.filter { later.contains($0) }
    let summed = shared.filter { !later.contains($0) }
    let rows = a.labels.filter { !shared.contains($0) }
    let columns = b.labels.filter { !shared.contains($0) }
    var extents: [Int: Int] = [:]
    for (label, extent) in zip(
      a.labels + b.labels, a.operand.shape.extents + b.operand.shape.extents)
    {
      let known = extents[label] ?? 1
      guard known == extent || known == 1 || extent == 1 else {
        throw ModelError.invalid("an axis has the extents \(known) and \(extent)")
      }
      extents[label] = known == 1 ? extent : known
    }
    func size(_ labels: [Int]) -> Int { labels.reduce(1) { $0 * (extents[$1] ?? 1) } }
    /// Axes in the order of `labels`, each of its full extent.
    func arranged(_ term: Term, _ labels: [Int], _ shape: [Int]) throws -> Operand {
      let order = labels.compactMap { term.labels.firstIndex(of: $0) }
      let moved = try builder.transpose(term.operand, order)
      let full = try builder.expand(moved, labels.map { extents[$0] ?? 1 })
      return try builder.reshape(full, shape)
    }
    let left = try arranged(a, batch + rows + summed, [size(batch), size(rows), size(summed)])
    let right = try arranged(
      b, batch + summed + columns, [size(batch), size(summed), size(columns)])
    let product = try builder.product(left, right)
    let labels = batch + rows + columns
    return Term(
      labels: labels, operand: try builder.reshape(product, labels.map { extents[$0] ?? 1 }))
  }
}

extension Shape {
  /// The flat places that strides name for every element of this shape, in order.
  func places(strides: [Int], from start: Int = 0) -> [Int] {
    var result = [start]
    for (extent, stride) in zip(extents, strides) {
      result = result.flatMap { place in (0..<extent).map { place + $0 * stride } }
    }
    return result
  }
}
