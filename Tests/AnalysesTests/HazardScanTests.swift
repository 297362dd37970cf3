import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

@testable import Analyses

/// What the scan of hazards finds in graphs made in code, and what it leaves alone.
@Suite struct HazardScanTests {
  private struct Made {
    var graph = Graph()
    let x: Value

    init(_ shape: Shape = [4, 8]) { x = graph.addInput("x", TensorType(shape)) }

    mutating func apply(_ op: any Operator, _ operands: Value...) throws -> Value {
      try graph.append(op, to: operands)[0]
    }

    mutating func number(_ value: Double) throws -> Value { try apply(Constant(value)) }

    /// The hazards of the graph with its backward pass.
    func hazards(
      _ output: Value, format: NumberFormat = .fp32, contents: [Value: Tensor] = [:],
      frozen: Set<Value> = []
    ) throws -> [PlacedHazard] {
      let subject = Subject(
        graph: graph, output: output,
        layers: [.init(name: "layer", operators: [], output: output, weights: [])],
        parameterMoments: [:], frozen: frozen, contents: contents,
        fillParameter: { value, tensor, _ in
          if let own = contents[value] { tensor.copyBytes(from: own) }
        }, fillInput: { _, _, _ in })
      let differentiated = try DifferentiatedSubject(subject, adding: { Add() })
      return HazardScan(differentiated: differentiated, format: format)
        .placedHazards { _ in "layer" }
    }
  }

  @Test func logarithmsOfASoftmaxAndNotWithAnEpsilon() throws {
    for epsilon in [0, 1e-12] {
      var made = Made()
      let p = try made.apply(Softmax(), made.x)
      let y = try made.apply(Log(), made.apply(Add(), p, made.number(epsilon)))
      let hazards = try made.hazards(y)
      #expect(hazards.contains { $0.operatorName == "Log" } == (epsilon == 0))
      #expect(hazards.isEmpty == (epsilon > 0))
    }
  }

  /// 1 + 1e-10 is 1 in fp32, and not in real arithmetic.
  @Test func anEpsilonThatIsAbsorbed() throws {
    for epsilon in [1e-10, 1e-8] {
      var made = Made()
      let s = try made.apply(Sigmoid(), made.x)
      let one = try made.apply(Add(), made.number(1), made.number(epsilon))
      let y = try made.apply(Log(), made.apply(Sub(), one, s))
      let hazards = try made.hazards(y)
      #expect(hazards.contains { $0.hazard.kind == .pole && !$0.isBackward })
      let found = try #require(hazards.first { !$0.isBackward })
      #expect(found.operands == [0])
      // The witness does it: the sigmoid of what x held is 1.
      let held = try #require(found.witness.first)
      #expect(held.name == "x" && held.numbers.upper > 17)
    }
  }

  /// An epsilon that is added last is not absorbed by 1.
  @Test func anEpsilonThatStays() throws {
    var made = Made()
    let rest = try made.apply(Sub(), made.number(1), made.apply(Softmax(), made.x))
    let y = try made.apply(Log(), made.apply(Add(), rest, made.number(1e-10)))
    #expect(try made.hazards(y).isEmpty)
  }

  @Test func theGreatestElementSubtracted() throws {
    var made = Made()
    let top = try made.apply(ReduceMax(axes: [1]), made.x)
    let e = try made.apply(Exp(), made.apply(Sub(), made.x, top))
    let sum = try made.apply(ReduceSum(axes: [1]), e)
    let quotient = try made.apply(Div(), e, sum)
    #expect(try made.hazards(quotient).isEmpty)
    let logarithm = try made.apply(Log(), sum)
    #expect(try made.hazards(logarithm).isEmpty)
  }

  @Test func exponentialsByTheirSum() throws {
    var made = Made()
    let e = try made.apply(Exp(), made.x)
    let y = try made.apply(Div(), e, made.apply(ReduceSum(axes: [1]), e))
    let hazards = try made.hazards(y)
    #expect(hazards.contains { $0.operatorName == "Div" && $0.origin == "Exp" })
  }

  @Test func whereGuardsItsOperandOrNot() throws {
    for isGuarded in [true, false] {
      var made = Made()
      let zero = try made.number(0)
      let above = try made.apply(Greater(), made.x, zero)
      let operand =
        isGuarded ? try made.apply(Where(), above, made.x, made.number(1)) : made.x
      let y = try made.apply(Where(), above, made.apply(Log(), operand), zero)
      let hazards = try made.hazards(y)
      #expect(hazards.isEmpty == isGuarded)
      #expect(hazards.allSatisfy { $0.isBackward })
    }
  }

  /// The square's root has an infinite slope at 0, which only the gradient meets.
  @Test func aDistance() throws {
    for epsilon in [0, 1e-12] {
      var made = Made()
      let other = made.graph.addInput("y", TensorType([4, 8]))
      let d = try made.apply(Sub(), made.x, other)
      let sum = try made.apply(ReduceSum(axes: [1]), made.apply(Mul(), d, d))
      let y = try made.apply(Sqrt(), made.apply(Add(), sum, made.number(epsilon)))
      let hazards = try made.hazards(y)
      #expect(hazards.isEmpty == (epsilon > 0))
      #expect(hazards.allSatisfy { $0.isBackward && $0.operatorName == "Sqrt" })
    }
  }

  @Test func whatCancelsExactly() throws {
    var made = Made()
    let r = try made.apply(Relu(), made.x)
    let y = try made.apply(Log(), made.apply(Exp(), made.apply(Sub(), r, r)))
    #expect(try made.hazards(y).isEmpty)
  }

  /// Of one variable, in fp32: x / (1 + |x|) is 1 from 2²⁵ on.
  @Test func aRatioThatReachesOne() throws {
    var made = Made()
    let sum = try made.apply(Add(), made.apply(Abs(), made.x), made.number(1))
    let y = try made.apply(Atanh(), made.apply(Div(), made.x, sum))
    #expect(try made.hazards(y).contains { $0.hazard.kind == .pole })
  }

  @Test func overflowOnTheWay() throws {
    var made = Made()
    let y = try made.apply(
      Log(), made.apply(Add(), made.number(1), made.apply(Exp(), made.x)))
    let found = try #require(try made.hazards(y).first { $0.hazard.kind == .overflow })
    #expect(found.operatorName == "Exp")
    // The operator does not overflow, and a result that is large itself is no surprise.
    for op in [Softplus(), Exp()] as [any Operator] {
      var other = Made()
      let y = try other.apply(op, other.x)
      #expect(try other.hazards(y).isEmpty)
    }
  }

  @Test func varianceAsADifferenceOfMeans() throws {
    for isCentred in [true, false] {
      var made = Made([16, 16])
      let mean = try made.apply(ReduceMean(axes: [1]), made.x)
      let d = try made.apply(Sub(), made.x, mean)
      let variance =
        isCentred
        ? try made.apply(ReduceMean(axes: [1]), made.apply(Mul(), d, d))
        : try made.apply(
          Sub(), made.apply(ReduceMean(axes: [1]), made.apply(Mul(), made.x, made.x)),
          made.apply(Mul(), mean, mean))
      let root = try made.apply(Sqrt(), made.apply(Add(), variance, made.number(1e-5)))
      let y = try made.apply(Div(), d, root)
      #expect(try made.hazards(y).isEmpty == isCentred)
    }
  }

  /// A weight that happens to be 0 may move, unless it is a constant of the model.
  @Test func weightsOfZero() throws {
    for isTrained in [true, false] {
      var made = Made()
      let w = made.graph.addParameter("w", TensorType([8]))
      let z = try made.apply(Mul(), made.x, w)
      let y = try made.apply(Log(), made.apply(Softmax(), z))
      let hazards = try made.hazards(
        y, contents: [w: Tensor([Float](repeating: 0, count: 8), shape: [8])],
        frozen: isTrained ? [] : [w])
      #expect(hazards.isEmpty != isTrained)
    }
  }

  @Test func settingsAreNotZero() throws {
    var made = Made()
    let keep = made.graph.addInput("keep", TensorType(.scalar))
    let kept = try made.apply(Div(), made.x, keep)
    #expect(try made.hazards(kept).isEmpty)
    let other = made.graph.addInput("other", TensorType([4, 8]))
    let quotient = try made.apply(Div(), made.x, other)
    #expect(try !made.hazards(quotient).isEmpty)
  }

  /// 0 · ∞ for elements that the mask keeps.
  @Test func aMaskTimesInfinity() throws {
    for factor in [-Double.infinity, -1e9] {
      var made = Made()
      let mask = made.graph.addInput("mask", TensorType([4, 8]))
      let hidden = try made.apply(Sub(), made.number(1), mask)
      let sum = try made.apply(Add(), made.x, made.apply(Mul(), hidden, made.number(factor)))
      let shares = try made.apply(Softmax(), sum)
      let hazards = try made.hazards(shares)
      #expect(hazards.isEmpty == factor.isFinite)
    }
  }

  /// Layers that repeat are looked at once, and all are told.
  @Test func likeRegionsAreGrouped() throws {
    var made = Made()
    var h = made.x
    for layer in 0..<3 {
      let w = made.graph.addParameter("w\(layer)", TensorType([8, 8]))
      let z = try made.apply(MatMul(), h, w)
      let e = try made.apply(Exp(), z)
      h = try made.apply(Div(), e, made.apply(ReduceSum(axes: [1]), e))
    }
    let found = try #require(try made.hazards(h).first { $0.operatorName == "Div" })
    #expect(found.nodes.count >= 2)
  }
}
