import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// Laws of the bound rule: it contains what the value rule computes in double.
@Suite struct BoundLaws {
  private func expectContained(
    _ specimen: Specimen, _ operands: [Tensor], in bounds: [Bounds], _ what: String
  ) throws {
    for (result, bounds) in zip(try specimen.op.results(of: operands, in: Double.self), bounds) {
      #expect(bounds.shape == result.shape)
      for (i, y) in result.doubles.enumerated() where !y.isNaN {
        let interval = bounds.intervals[i]
        try #require(interval.contains(y), "\(what): element \(i) = \(y), not in \(interval)")
      }
    }
  }

  /// Bounds for reals within a radius, and for integers and booleans within 1 where they are loose.
  private func bounds(
    _ specimen: Specimen, radius: Double, isLoose: Bool = false
  ) throws -> [Bounds] {
    let operands = specimen.operands.map { operand in
      let intervals = operand.doubles.map { x in
        switch operand.type.kind {
        case .real: Interval(x - radius, x + radius)
        case .integer: isLoose ? Interval(x - 1, x + 1) : Interval(x)
        case .boolean: isLoose ? Interval(0, 1) : Interval(x)
        }
      }
      return Bounds(intervals, shape: operand.shape)
    }
    return specimen.op.bounds(of: operands, in: try specimen.signature)
  }

  /// Uniform samples of reals, corners of the box, and mixtures of both; integers and booleans as
  /// they are, or drawn too.
  private func sample(
    _ number: Int, of specimen: Specimen, radius: Double, isLoose: Bool = false
  ) -> [Tensor] {
    specimen.operands.enumerated().map { place, operand in
      let stream = RandomStream(seed: UInt64(number), name: "bounds of \(place)")
      switch operand.type.kind {
      case .real:
        return operand.mapped { i, x in
          let u = 2 * stream.uniform(at: i) - 1
          let isCorner = number % 3 == 0 || (number % 3 == 1 && stream.uniform(at: i + 1000) < 0.5)
          return x + (isCorner ? (u < 0 ? -1 : 1) : u) * radius
        }
      case .integer where isLoose:
        let elements = operand.array(of: Int64.self).enumerated().map { i, x -> Int64 in
          let (moved, isBeyond) = x.addingReportingOverflow(
            Int64(stream.integer(at: i, below: 3)) - 1)
          return isBeyond ? x : moved
        }
        return Tensor(elements, shape: operand.shape)
      case .boolean where isLoose:
        let elements = (0..<operand.count).map { stream.uniform(at: $0) < 0.5 }
        return Tensor(elements, shape: operand.shape)
      default: return operand
      }
    }
  }

  /// Hundreds of samples of intervals that are narrow, as wide as the specimen says, and wide enough
  /// to reach over kinks, poles, ties and edges of domains.
  @Test(arguments: Specimen.all)
  func boundsContainEverySample(_ specimen: Specimen) throws {
    for radius in [1e-3, specimen.radius, 1] {
      let found = try bounds(specimen, radius: radius)
      for number in 0..<300 {
        try expectContained(
          specimen, sample(number, of: specimen, radius: radius), in: found,
          "sample \(number) of radius \(radius)")
      }
    }
  }

  /// Integers and booleans may be any of an interval too: places, labels, conditions.
  @Test(arguments: Specimen.all.filter { $0.operands.contains { $0.type.kind != .real } })
  func boundsContainSamplesOfLooseIntegers(_ specimen: Specimen) throws {
    let found = try bounds(specimen, radius: specimen.radius, isLoose: true)
    for number in 0..<300 {
      try expectContained(
        specimen, sample(number, of: specimen, radius: specimen.radius, isLoose: true), in: found,
        "sample \(number)")
    }
  }

  @Test(arguments: Specimen.all)
  func pointsAreContained(_ specimen: Specimen) throws {
    try expectContained(
      specimen, specimen.operands, in: bounds(specimen, radius: 0), "the specimen")
  }

  /// Slopes where rounding hides them from the value rule, by arithmetic with 60 digits.
  @Test func boundsContainExactSlopes() throws {
    let exact: [(function: any Pointwise, x: Double, slope: Double)] = [
      (Silu(), -1.278464542761074, -2.452007938935708e-17),
      (Silu(), -1.2784645417610738, 2.1781169936819083e-10),
      (Silu(), -1.288464542761074, -0.002163471203878331),
      (Gelu(), -0.7517915246935645, -6.453751729367753e-18),
      (Gelu(), -0.7517915236935645, 4.314939740450966e-10),
      (Gelu(), -0.7617915246935645, -0.00427609436375083),
      (Mish(), -1.1924312145154952, 1.2942924190978498e-17),
      (Mish(), -1.192431213515495, 2.6694794928455945e-10),
      (Mish(), -1.2024312145154952, -0.002649048123047854),
      (Celu(alpha: 0.01), -5.3, 6.666909982698097e-231),
      (Celu(alpha: 0.3), -7.7, 7.130308128436178e-12),
      (HardSwish(), -1.4999999999, 3.33333360913457e-11),
      (HardSwish(), -1.4999, 3.333333333332966e-05),
    ]
    for (function, x, slope) in exact {
      let interval = function.range(ofDerivative: 1, over: Interval(x))
      #expect(interval.contains(slope), "\(function.name) at \(x): \(slope), not in \(interval)")
    }
  }

  /// Intervals of one number give narrow intervals around the result, and exact ones of integers and
  /// booleans.
  @Test(arguments: Specimen.all)
  func pointsGiveNarrowBounds(_ specimen: Specimen) throws {
    let results = try specimen.op.results(of: specimen.operands, in: Double.self)
    let terms = specimen.operands.flatMap(\.doubles).map(abs).max() ?? 0
    for (result, bounds) in zip(results, try bounds(specimen, radius: 0)) {
      let scale = max(result.doubles.map(abs).max() ?? 0, terms)
      let isReal = result.type.kind == .real
      // Doubles do not tell large integers from their neighbours.
      for (y, interval) in zip(result.doubles, bounds.intervals)
      where isReal ? y.isFinite : abs(y) < 0x1p53 {
        let width = interval.upper - interval.lower
        let limit = isReal ? 1e-11 * scale : 0
        #expect(width <= limit, "\(interval) around \(y) of a scale of \(scale)")
      }
    }
  }
}
