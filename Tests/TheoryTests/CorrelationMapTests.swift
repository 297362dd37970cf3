import Numbers
import Testing
import Theory

@Suite struct CorrelationMapTests {
  /// 1e-12 absolute; closed forms and quadrature are both compared.
  @Test func pairsAgreeWithTheReference() throws {
    let table = try ReferenceTable("correlation_maps.csv")
    #expect(table.rows.count == 45)
    for row in table.rows {
      let function = try #require(activations[row["activation"]])
      let (q, c) = (row.number("q"), row.number("c"))
      let formula = GaussianPair(of: function, variance: q, correlation: c)
      let quadrature = GaussianPair(integrating: function, variance: q, decorrelation: 1 - c)
      for pair in [formula, quadrature] {
        #expect(abs(pair.value - row.number("E_phi_phi")) < 1e-12, "\(row.cells)")
        #expect(abs(pair.slope - row.number("E_dphi_dphi")) < 1e-12, "\(row.cells)")
      }
    }
  }

  /// At correlation 1 a pair is a second moment, at 0 a product of means.
  @Test func endsOfTheMapAreMoments() {
    for (name, function) in activations where name != "exponential" {
      for q in [0.02, 1, 40] {
        let moments = GaussianMoments(of: function, variance: q)
        let scale = max(1, moments.secondMoment)
        let one = GaussianPair(integrating: function, variance: q, decorrelation: 0)
        #expect(abs(one.value - moments.secondMoment) < 1e-11 * scale, "\(name) \(q)")
        #expect(abs(one.slope - moments.slopeSecondMoment) < 1e-11, "\(name) \(q)")
        let none = GaussianPair(integrating: function, variance: q, decorrelation: 1)
        #expect(abs(none.value - moments.mean * moments.mean) < 1e-11 * scale, "\(name) \(q)")
        #expect(abs(none.slope - moments.meanSlope * moments.meanSlope) < 1e-11, "\(name) \(q)")
      }
    }
  }

  /// d/dc E[φφ] = q E[φ′φ′], by a central difference.
  @Test func theSlopeIsTheDerivative() {
    for (name, function) in activations where name != "exponential" {
      let (q, c, h) = (2.0, 0.4, 1e-4)
      let above = GaussianPair(integrating: function, variance: q, decorrelation: 1 - c - h).value
      let below = GaussianPair(integrating: function, variance: q, decorrelation: 1 - c + h).value
      let slope = GaussianPair(integrating: function, variance: q, decorrelation: 1 - c).slope
      #expect(abs((above - below) / (2 * h * q) - slope) < 1e-7, "\(name)")
    }
  }

  @Test func closedFormsAgreeWithQuadrature() {
    for (name, function) in activations where name != "exponential" {
      for c in [-0.7, 0.2, 0.95] {
        guard let formula = function.closedFormPair(variance: 1.3, correlation: c) else { continue }
        let pair = GaussianPair(integrating: function, variance: 1.3, decorrelation: 1 - c)
        #expect(abs(formula.value - pair.value) < 1e-12, "\(name) \(c)")
        #expect(abs(formula.slope - pair.slope) < 1e-12, "\(name) \(c)")
      }
    }
  }
}
