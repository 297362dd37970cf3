import ONNXMessages
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators of the domain ai.onnx.preview.
  static let preview: [String: Rule] = ["FlexAttention": one(flexAttention)]

  /// Scaled dot products whose scores and weights graphs of the model may change.
  ///
  /// Both are in the precision of the softmax, singles unless the inputs are doubles.
  private static func flexAttention(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    let (q, k, v) = try (context.input(0), context.input(1), context.input(2))
    guard q.rank == 4, k.rank == 4, v.rank == 4, k.shape[1] == v.shape[1], k.shape[1] > 0,
      q.shape[1] % k.shape[1] == 0, q.shape[3] == k.shape[3], k.shape[2] == v.shape[2],
      q.shape[0] == k.shape[0], k.shape[0] == v.shape[0]
    else {
      throw ModelError.invalid("q \(q.shape), k \(k.shape) and v \(v.shape) do not fit")
    }
    let standard: DataType = q.type == .double ? .double : .float
    let precision = try context.dataType("softmax_precision", default: standard)
    guard precision.kind == .real else {
      throw ModelError.invalid("attribute softmax_precision is \(precision)")
    }
    let scale = context.hasAttribute("scale") ? try context.real("scale", default: 1) : nil
    let (keys, values) = try (
      builder.repeated(k, heads: q.shape[1]), builder.repeated(v, heads: q.shape[1])
    )
    let isPlain = !context.hasAttribute("score_mod") && !context.hasAttribute("prob_mod")
    if isPlain, q.type == precision {
      return try builder.append(Attention(scale: scale), to: [q, keys, values])[0]
    }
    var scores = try builder.cast(
      builder.scores(q, keys, scale ?? 1 / Double(q.shape[3]).squareRoot()), to: precision)
    scores = try context.changed(scores, by: "score_mod")
    let weights = try context.changed(builder.apply(Softmax(axis: 3), scores), by: "prob_mod")
    return try builder.cast(
      builder.product(weights, builder.cast(values, to: precision)), to: v.type)
  }
}

extension NodeContext {
  /// A tensor after a graph of one input and one output that keeps shape and type.
  fileprivate func changed(_ x: Operand, by name: String) throws -> Operand {
    guard hasAttribute(name) else { return x }
    let graph = try graph(name)
    guard graph.input.count == 1, graph.output.count == 1,
      case .tensor(let result) = try importer.run(graph, on: [.tensor(x)])[0],
      result.shape == x.shape, result.type == x.type
    else { throw ModelError.invalid("the graph \(name) must make one tensor of one, of its type") }
    return result
  }
}

extension Builder {
  /// `scale · q kᵀ`; both factors are scaled, so that their product cannot overflow before it is.
  func scores(_ q: Operand, _ k: Operand, _ scale: Double) throws -> Operand {
    let root = abs(scale).squareRoot()
    return try apply(
      MatMul(isRightTransposed: true), multiply(q, scale < 0 ? -root : root), multiply(k, root),
      as: q.type)
  }

  /// Keys or values that groups of query heads share, once for each head.
  func repeated(_ x: Operand, heads: Int) throws -> Operand {
    guard x.shape[1] != heads else { return x }
    let (own, times) = (x.shape[1], heads / x.shape[1])
    let copies = try expand(
      unsqueeze(x, [2]), [x.shape[0], own, times, x.shape[2], x.shape[3]])
    return try reshape(copies, [x.shape[0], heads, x.shape[2], x.shape[3]])
  }
}
