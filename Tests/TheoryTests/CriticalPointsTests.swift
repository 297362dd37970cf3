import Operators
import Testing
import Theory

@Suite struct CriticalPointsTests {
  /// 1e-9 relative: σ_w and q* are well conditioned on the edge, with 18 digits in the reference.
  @Test func agreeWithTheReference() throws {
    let table = try ReferenceTable("edge_of_chaos.csv")
    #expect(table.rows.count == 108)
    for row in table.rows {
      let function = try #require(activations[row["activation"]])
      let points = try CriticalPoint.all(of: function, biasDeviation: row.number("sigma_b"))
      let name = "\(row["activation"]) with biases \(row["sigma_b"])"
      guard row["length_map_stability"] != "no_critical_point" else {
        #expect(points.isEmpty, "\(name)")
        continue
      }
      #expect(points.count == 1, "\(name): \(points)")
      let point = try #require(points.first)
      #expect(deviation(point.weightDeviation, row.number("sigma_w")) < 1e-9, "\(name)")
      #expect(deviation(point.lengthSlope, row.number("chi_q")) < 1e-9, "\(name)")
      switch row["length_map_stability"] {
      case "marginal":
        #expect(point.kind == .everyLength && point.q == nil && !point.isStable, "\(name)")
      case "degenerate_q0":
        #expect(point.kind == .limit && point.q == 0, "\(name)")
      default:
        #expect(point.kind == .isolated)
        #expect(deviation(point.q ?? .nan, row.number("q_star")) < 1e-9, "\(name)")
        #expect(point.isStable == (row["length_map_stability"] == "stable"), "\(name)")
      }
    }
  }

  @Test func theLimitPointOfGeluRepelsAndThatOfTanhAttracts() throws {
    #expect(try CriticalPoint.all(of: Tanh(), biasDeviation: 0).first?.isStable == true)
    #expect(try CriticalPoint.all(of: HardTanh(), biasDeviation: 0).first?.isStable == true)
    #expect(try CriticalPoint.all(of: Gelu(), biasDeviation: 0).first?.isStable == false)
    #expect(try CriticalPoint.all(of: Silu(), biasDeviation: 0).first?.isStable == false)
  }

  @Test func gelusPointTurnsStableAtItsKnownBoundary() throws {
    // q* = (3 + √17)/2 and σ_b = 0.41584.
    let before = try #require(CriticalPoint.all(of: Gelu(), biasDeviation: 0.4158).first)
    let after = try #require(CriticalPoint.all(of: Gelu(), biasDeviation: 0.4159).first)
    #expect(!before.isStable && after.isStable)
    #expect(abs((before.q ?? 0) - (3 + 17.0.squareRoot()) / 2) < 1e-2)
  }

  @Test func everyPointIsAFixedPointWithSlopeOne() throws {
    for (name, function) in activations where name != "exponential" {
      for bias in [0.01, 0.2, 0.7, 2] {
        for point in try CriticalPoint.all(of: function, biasDeviation: bias) {
          let map = try LengthMap(
            function, weightDeviation: point.weightDeviation, biasDeviation: bias)
          let q = try #require(point.q)
          #expect(deviation(map.next(q), q) < 1e-10, "\(name), \(bias): \(point)")
          #expect(deviation(map.gradientFactor(at: q), 1) < 1e-10)
          #expect(deviation(map.slope(at: q), point.lengthSlope) < 1e-10)
        }
      }
    }
  }

  @Test func refusesImpossibleBiases() {
    #expect(throws: TheoryError.self) { try CriticalPoint.all(of: Tanh(), biasDeviation: -1) }
    #expect(throws: TheoryError.self) { try CriticalPoint.all(of: Tanh(), biasDeviation: .nan) }
  }
}
