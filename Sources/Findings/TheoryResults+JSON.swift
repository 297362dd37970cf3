extension ActivationResult: JSONRepresentable {
  public static let schema = "evenkeel.theory.activation/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "activation": .text(activation), "q": .number(q),
      "mean": .number(mean), "second_moment": .number(secondMoment),
      "variance": .number(variance), "slope_second_moment": .number(slopeSecondMoment),
      "curvature_term": .number(curvatureTerm), "gain_forward": .number(gainForward),
      "gain_backward": .number(gainBackward), "mean_slope": .number(meanSlope),
      "fourth_moment": .number(fourthMoment), "slope_fourth_moment": .number(slopeFourthMoment),
      "basis": .text(basis),
    ])
  }
}

extension CriticalResult: JSONRepresentable {
  public static let schema = "evenkeel.theory.critical/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "activation": .text(activation),
      "bias_std": .number(biasDeviation), "points": .array(points.map(\.json)),
    ])
  }
}

extension CriticalResult.Point: JSONRepresentable {
  public var json: JSON {
    .object([
      "weight_std": .number(weightDeviation), "q": .number(q),
      "length_map_stable": .boolean(isStable), "chi_q": .number(lengthSlope),
      "kind": .text(kind),
    ])
  }
}

extension DepthResult: JSONRepresentable {
  public static let schema = "evenkeel.theory.depth/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "activation": .text(activation),
      "weight_std": .number(weightDeviation), "bias_std": .number(biasDeviation),
      "phase": .text(phase), "q": .number(q), "chi": .number(gradientFactor),
      "correlation": .number(correlation), "depth_scale_length": .number(lengthScale),
      "depth_scale_correlation": .number(correlationScale),
      "depth_scale_gradient": .number(gradientScale), "chi_q": .number(lengthSlope),
      "chi_correlation": .number(correlationSlope),
    ])
  }
}

extension GainsResult: JSONRepresentable {
  public static let schema = "evenkeel.theory.gains/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "activation": .text(activation), "q": .integer(1),
      "gain_forward": .number(gainForward), "gain_backward": .number(gainBackward),
      "gain_variance": .number(gainVariance), "pytorch_gain": .number(pytorchGain),
      "chi_at_gain_forward": .number(gradientFactor),
      "chi_q_at_gain_forward": .number(lengthSlope), "batch_norm_rate": .number(batchNormRate),
      "layer_norm_rate": .number(layerNormRate), "forward_spread": .number(forwardSpread),
      "backward_spread": .number(backwardSpread),
    ])
  }
}

extension ShapeResult: JSONRepresentable {
  public static let schema = "evenkeel.theory.shape/1"

  public var json: JSON {
    .object([
      .init("schema", .text(Self.schema)), .init("activation", .text(activation)),
      .init("method", .text(method)), .init("depth", .integer(depth)),
      .init(targetName, .number(target)), .init("alpha", .number(alpha)),
      .init("beta", .number(beta)), .init("gamma", .number(gamma)),
      .init("delta", .number(delta)), .init("negative_slope", .number(negativeSlope)),
      .init("residual", .number(residual)),
    ])
  }
}
