import Graphs
import Operators
import Semantics
import Tensors

/// Norms and standard deviations as exporters write them out.
///
/// PyTorch defines their slope at 0 as 0. The graph of a file still shows where it meant one, save
/// where a program that writes a root out is exported alike; there the root's own slope stands, and
/// what is told of its NaN says so.
extension Builder {
  /// `xᵉ` for a number e.
  func root(of x: Operand, exponent: Double) throws -> Operand {
    guard x.isReal, case .value(let value) = x.source, exponent > 0, exponent != 1 else {
      return try plainPower(x, exponent)
    }
    if exponent == 0.5, isVariance(value) || isProductOfSquareSums(value) {
      return try apply(Root(), x)
    }
    if isSumOfPowers(value, exponent: 1 / exponent) {
      return try apply(Root(exponent: exponent), x)
    }
    guard exponent < 1, isSumOfSquares(value) else { return try plainPower(x, exponent) }
    let outer = origin
    origin?.remark =
      "Where the program calls a norm or a distance, PyTorch gives 0 here, because it defines the"
      + " slope of a norm at 0 as 0; of a root that is written out it gives this as well."
    defer { origin = outer }
    return try plainPower(x, exponent)
  }

  private func plainPower(_ x: Operand, _ exponent: Double) throws -> Operand {
    exponent == 0.5 && origin?.type == "Sqrt" ? try apply(Sqrt(), x) : try power(x, exponent)
  }

  // MARK: What a value is

  /// A mean, or a sum, of squares of what x differs from its own mean by.
  private func isVariance(_ value: Value) -> Bool {
    guard let sum = producer(of: value), let squares = squaredOperand(ofSum: sum),
      let difference = producer(of: squares), difference.op is Sub
    else { return false }
    let (a, b) = (difference.operands[0], difference.operands[1])
    func isMean(_ mean: Value, of x: Value) -> Bool {
      guard let node = producer(of: mean), node.op is ReduceMean || node.op is ReduceSum else {
        return false
      }
      return unmoved(node.operands[0]) == unmoved(x)
    }
    return isMean(b, of: a) || isMean(a, of: b)
  }

  /// The product of two sums of squares, as the older exporter of PyTorch writes the divisor of a cosine
  /// similarity.
  private func isProductOfSquareSums(_ value: Value) -> Bool {
    guard let product = graph.producer(of: value), product.op is Mul else { return false }
    return product.operands.allSatisfy { isSumOfSquares($0) }
  }

  /// `Σ |x|ᵖ` of a norm, or `Σ (x − y)ᵖ` of a distance between all pairs.
  private func isSumOfPowers(_ value: Value, exponent p: Double) -> Bool {
    guard let sum = producer(of: value), sum.op is ReduceSum,
      let power = producer(of: sum.operands[0]), power.op is Pow,
      let stored = graph.number(of: power.operands[1]), abs(stored - p) <= 1e-6 * p,
      let base = graph.producer(of: power.operands[0])
    else { return false }
    if base.op is Abs { return true }
    return base.op is Sub
      && base.operands.allSatisfy { graph.producer(of: $0)?.op is any Reshaping }
  }

  private func isSumOfSquares(_ value: Value) -> Bool {
    guard let sum = producer(of: value), !(sum.op is ReduceMean) else { return false }
    return squaredOperand(ofSum: sum) != nil
  }

  /// x of `Σ x²`, whichever way it is written; nil of other sums.
  private func squaredOperand(ofSum sum: Graph.Node) -> Value? {
    if sum.op is ReduceSumSquare { return sum.operands[0] }
    guard sum.op is ReduceSum || sum.op is ReduceMean,
      let square = producer(of: sum.operands[0])
    else { return nil }
    if square.op is Mul, square.operands[0] == square.operands[1] { return square.operands[0] }
    guard square.op is Pow, graph.number(of: square.operands[1]) == 2 else { return nil }
    return square.operands[0]
  }

  /// The node that computes a value, before its elements are only moved or multiplied by a positive
  /// number.
  private func producer(of value: Value) -> Graph.Node? { graph.producer(of: unmoved(value)) }

  /// The value before its elements are only moved, cast or multiplied by a positive number.
  private func unmoved(_ value: Value) -> Value {
    var value = value
    while let node = graph.producer(of: value), let operand = node.operands.first {
      switch node.op {
      case is any Reshaping, is Expand, is Linear, is Cast: value = operand
      case is Mul where (graph.number(of: operand) ?? 0) > 0: value = node.operands[1]
      case is Mul, is Div:
        guard let factor = graph.number(of: node.operands[1]), factor > 0 else { return value }
        value = operand
      default: return value
      }
    }
    return value
  }
}
