public import Findings

/// Answers of the theory as a person reads them: a title, and a table of numbers with what they mean.
public enum TheoryTables {
  public static func text(of result: ActivationResult, style: Style = Style()) -> String {
    table(
      "\(result.activation) of pre-activations N(0, \(Numerals.precise(result.q)))"
        + " (\(result.basis == "closed_form" ? "closed form" : "quadrature"))",
      [
        ("E[phi]", result.mean, "mean"),
        ("E[phi^2]", result.secondMoment, "second moment"),
        ("Var[phi]", result.variance, "variance"),
        ("E[phi']", result.meanSlope, "mean slope"),
        ("E[phi'^2]", result.slopeSecondMoment, "second moment of the slope"),
        ("E[phi phi'']", result.curvatureTerm, "curvature term, kinks included"),
        ("E[phi^4]", result.fourthMoment, "fourth moment"),
        ("E[phi'^4]", result.slopeFourthMoment, "fourth moment of the slope"),
        ("gain forward", result.gainForward, "gives the next layer second moment 1"),
        ("gain backward", result.gainBackward, "keeps the gradient's second moment"),
      ], style)
  }

  public static func text(of result: CriticalResult, style: Style = Style()) -> String {
    let title =
      "edge of chaos of \(result.activation), biases N(0, sigma_b^2), "
      + "sigma_b = \(Numerals.precise(result.biasDeviation))"
    guard !result.points.isEmpty else {
      return style.wrapped(
        title + ": there is none; whatever the weights, gradients vanish or explode with depth, "
          + "or the pre-activations grow without bound.") + "\n"
    }
    let header = ["sigma_w", "q", "chi_q", "length map"]
    let rows = result.points.map { point in
      [
        Numerals.precise(point.weightDeviation), point.q.map(Numerals.precise) ?? "any",
        Numerals.precise(point.lengthSlope), stability(of: point),
      ]
    }
    let lines = ((style.width >= 80 ? [header] : []) + rows).map { row in
      let numbers = row.dropLast().map { $0.fitted(16) }.joined()
      return style.width >= 80
        ? numbers + (row.last ?? "")
        : zip(header, row).map { "\($0.fitted(12))\($1)" }.joined(separator: "\n")
    }
    return ([style.wrapped(title)] + lines).joined(separator: "\n") + "\n"
  }

  private static func stability(of point: CriticalResult.Point) -> String {
    switch (point.kind, point.isStable) {
    case ("every_q", _): "neutral: keeps any length"
    case (_, true): "stable: returns to q"
    default: "UNSTABLE: is driven away from q"
    }
  }

  public static func text(of result: DepthResult, style: Style = Style()) -> String {
    table(
      "\(result.activation), sigma_w = \(Numerals.precise(result.weightDeviation)), "
        + "sigma_b = \(Numerals.precise(result.biasDeviation)): \(result.phase)",
      [
        ("q", result.q, "variance of deep pre-activations"),
        ("chi", result.gradientFactor, "gradient's second-moment factor per layer"),
        ("chi_q", result.lengthSlope, "factor of a deviation of the length per layer"),
        ("correlation", result.correlation, "what two inputs' correlation tends to"),
        ("chi_c", result.correlationSlope, "factor of its deviation per layer"),
        ("xi length", result.lengthScale, "layers to forget the length"),
        ("xi correlation", result.correlationScale, "layers to forget differences"),
        ("xi gradient", result.gradientScale, gradientMeaning(result.gradientScale)),
      ], style) + advice(on: result, style)
  }

  private static func gradientMeaning(_ scale: Double?) -> String {
    guard let scale, scale < 0 else { return "layers in which gradients shrink by e" }
    return "negative: layers in which gradients grow by e"
  }

  private static func advice(on result: DepthResult, _ style: Style) -> String {
    let text: String
    if result.phase == "divergent" {
      text = "The pre-activations grow without bound: make sigma_w smaller."
    } else if let scale = result.correlationScale, scale.isFinite {
      text =
        "Networks deeper than about \(Numerals.short(6 * scale)) layers (6 xi correlation) "
        + "are hard to train."
    } else if result.q == 0 {
      text = "The signal shrinks to 0, where the correlation has no scale of its own."
    } else {
      text = "At the edge of chaos signals change with a power of the depth."
    }
    return "\n" + style.wrapped(text) + "\n"
  }

  public static func text(of result: GainsResult, style: Style = Style()) -> String {
    table(
      "gains of \(result.activation) at q = 1: factors of the weights' N(0, 1/fan)",
      [
        ("forward", result.gainForward, "keeps the second moment of pre-activations"),
        ("backward", result.gainBackward, "keeps the second moment of the gradient"),
        ("variance", result.gainVariance, "forward, for weights whose rows sum to 0"),
        ("PyTorch", result.pytorchGain, "nn.init.calculate_gain"),
        ("chi", result.gradientFactor, "gradient factor per layer at the forward gain"),
        ("chi_q", result.lengthSlope, "length factor per layer; above 1 is unstable"),
        ("BatchNorm", result.batchNormRate, "gradient factor per layer, large batches"),
        ("LayerNorm", result.layerNormRate, "gradient factor per layer"),
        ("kappa forward", result.forwardSpread, "relative variance per layer, times width"),
        ("kappa backward", result.backwardSpread, "the same for gradients"),
      ], style)
  }

  public static func text(of result: ShapeResult, style: Style = Style()) -> String {
    table(
      "\(result.activation) shaped by \(result.method) for \(result.depth) layers, "
        + "\(result.targetName) = \(Numerals.precise(result.target)): "
        + "gamma (phi(alpha x + beta) + delta)",
      [
        ("alpha", result.alpha, "input scale"), ("beta", result.beta, "input shift"),
        ("gamma", result.gamma, "output scale"), ("delta", result.delta, "output shift"),
        ("negative slope", result.negativeSlope, "of the leaky relu"),
        ("residual", result.residual, "largest miss of a condition"),
      ].filter { $0.0 != "negative slope" || $0.1 != nil }, style)
  }

  /// A title, then name, number and meaning in three columns.
  private static func table(
    _ title: String, _ rows: [(String, Double?, String)], _ style: Style
  ) -> String {
    let lines = rows.map { name, value, meaning in
      let number = name.fitted(16) + (value.map(Numerals.precise) ?? "none").fitted(18)
      // Where there is no room beside it, the meaning stands below.
      return style.width >= 60
        ? style.wrapped(meaning, first: number, indentation: "".fitted(34))
        : number + "\n" + style.wrapped(meaning, first: "  ", indentation: "  ")
    }
    return ([style.wrapped(title)] + lines).joined(separator: "\n") + "\n"
  }
}
