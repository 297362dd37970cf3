import Numbers
import Testing
import Theory

@Suite struct GainsTests {
  @Test func agreeWithTheReference() throws {
    let table = try ReferenceTable("gains_q1.csv")
    #expect(table.rows.count == 21)
    for row in table.rows {
      let gains = try Gains(of: try #require(activations[row["activation"]]))
      let moments = gains.moments
      for (column, value) in [
        ("E_phi2", moments.second.secondMoment), ("E_dphi2", moments.second.slopeSecondMoment),
        ("E_phi", moments.second.mean), ("gain_forward", gains.forward),
        ("gain_backward", gains.backward), ("gain_variance", gains.variance),
        ("chi1_at_gain_forward_also_layernorm_rate", gains.layerNormRate),
        ("chiq_at_gain_forward", gains.lengthSlope),
        ("batchnorm_gradient_rate_Binf", gains.batchNormRate),
        ("kappa_forward_per_layer_times_n", moments.forwardSpread),
        ("kappa_backward_per_layer_times_n", moments.backwardSpread),
        ("jacobian_mu2_over_mu1sq_minus_1", moments.slopeSpread),
      ] {
        let error = deviation(value, row.number(column), absolute: 1e-14)
        #expect(error < 1e-10, "\(row["activation"]) \(column): \(value), not \(row[column])")
      }
    }
  }

  @Test func pytorchsValueStandsBesideOrIsMissing() throws {
    let table = try ReferenceTable("gains_q1.csv")
    #expect(table.rows.filter { Double($0["pytorch_calculate_gain"]) != nil }.count == 8)
    for row in table.rows {
      let gains = try Gains(of: try #require(activations[row["activation"]]))
      let text = row["pytorch_calculate_gain"]
      if let expected = Double(text) {
        #expect(deviation(gains.pytorch ?? .nan, expected) < 1e-14, "\(row["activation"])")
      } else {
        #expect(gains.pytorch == nil, "\(row["activation"])")
      }
    }
  }
}
