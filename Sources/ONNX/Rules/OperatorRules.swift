import Operators
import Semantics
import Tensors

/// Writes one node of a model into the graph and gives its outputs.
typealias Rule = @Sendable (NodeContext) throws -> [Item]

/// The rules of all operators that are computed, one family in a file.
enum OperatorRules {
  /// The oldest version of the standard operators that the rules know.
  static let oldestOpset = 1
  /// The newest version of the standard operators that the rules know.
  static let newestOpset = 28

  private static let standard = merged([
    pointwise, arithmetic, casts, comparisons, bits, shapes, indices, selections, reductions,
    products, windows, images, sampling, normalizations, recurrent, attention, losses, control,
    sequences, quantization, random, signals, constants, text,
  ])

  private static func merged(_ families: [[String: Rule]]) -> [String: Rule] {
    families.reduce(into: [:]) { all, family in
      all.merge(family) { _, _ in preconditionFailure("two rules of one name") }
    }
  }

  /// The rule of an operator of a domain, where the empty one is that of the standard operators.
  static func rule(_ domain: String, _ opType: String) -> Rule? {
    switch domain {
    case "": standard[opType]
    case "com.microsoft": contributed[opType]
    case "ai.onnx.preview": preview[opType]
    case "ai.onnx.preview.training": training[opType]
    default: nil
    }
  }

  /// What to do about an operator without a rule.
  static func reason(_ domain: String, _ opType: String) -> String {
    switch (domain, opType) {
    case ("", "ImageDecoder"): "decode images before the model"
    case ("", "RegexFullMatch"), ("", "StringConcat"), ("", "StringNormalizer"),
      ("", "StringSplit"):
      "prepare text before the model: strings are not computed with"
    case ("ai.onnx.ml", _): "leave classical machine learning out of the model"
    case ("", _): "check the name, or export with an older opset_version"
    default: "export with standard operators, or with the function that defines it"
    }
  }

  // MARK: Forms that many rules have

  /// A rule with one output.
  static func one(_ body: @escaping @Sendable (NodeContext) throws -> Operand) -> Rule {
    { [.tensor(try body($0))] }
  }

  /// An operator without attributes, applied to the only input.
  static func map(_ op: some Operator) -> Rule {
    one { try $0.builder.apply(op, $0.input(0)) }
  }

  /// An operator of two inputs, whose integers wrap around.
  static func pair(_ op: some Operator) -> Rule {
    one { context in
      let (a, b) = try (context.input(0), context.broadcast(1))
      return try context.builder.wrapped(context.builder.apply(op, a, b))
    }
  }
}

extension NodeContext {
  /// An input that broadcasts with the first one: before version 7 along axes that start where an
  /// attribute says.
  func broadcast(_ number: Int) throws -> Operand {
    let (x, operand) = try (input(0), input(number))
    guard opset < 7, hasAttribute("axis"), operand.rank > 0 else { return operand }
    let start = try axis(integer("axis"), rank: x.rank)
    let after = x.rank - start - operand.rank
    guard after >= 0 else {
      throw ModelError.invalid("\(operand.shape) does not fit \(x.shape) from axis \(start) on")
    }
    return try builder.reshape(
      operand, operand.shape.extents + [Int](repeating: 1, count: after))
  }
}
