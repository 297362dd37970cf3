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

  private func bounds(_ specimen: Specimen, radius: Double) throws -> [Bounds] {
    let operands = specimen.operands.map { operand in
      let width = operand.type.kind == .real ? radius : 0
      return Bounds(
        operand.doubles.map { Interval($0 - width, $0 + width) }, shape: operand.shape)
    }
    return specimen.op.bounds(of: operands, in: try specimen.signature)
  }

  /// A thousand samples: uniform ones, corners of the box, and mixtures of both.
  @Test(arguments: Specimen.all)
  func boundsContainEverySample(_ specimen: Specimen) throws {
    let found = try bounds(specimen, radius: specimen.radius)
    for number in 0..<1000 {
      let operands = specimen.operands.enumerated().map { place, operand in
        let stream = RandomStream(seed: UInt64(number), name: "bounds of \(place)")
        return operand.mapped { i, x in
          let u = 2 * stream.uniform(at: i) - 1
          let isCorner = number % 3 == 0 || (number % 3 == 1 && stream.uniform(at: i + 1000) < 0.5)
          return x + (isCorner ? (u < 0 ? -1 : 1) : u) * specimen.radius
        }
      }
      try expectContained(specimen, operands, in: found, "sample \(number)")
    }
  }

  /// Intervals of one number give narrow intervals around the result.
  @Test(arguments: Specimen.all)
  func pointsAreContained(_ specimen: Specimen) throws {
    try expectContained(
      specimen, specimen.operands, in: bounds(specimen, radius: 0), "the specimen")
  }
}
