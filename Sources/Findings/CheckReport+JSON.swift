extension CheckReport: JSONRepresentable {
  public static let schema = "evenkeel.check/1"

  public var json: JSON {
    var members: [JSON.Member] = [
      .init("schema", .text(Self.schema)), .init("model", model.json),
      .init("verdict", .text(verdict.rawValue)), .init("layers", .array(layers.map(\.json))),
      .init("findings", .array(findings.map(\.json))),
    ]
    if let spectrum { members.append(.init("spectrum", spectrum.json)) }
    return .object(members)
  }
}

extension CheckReport.Model: JSONRepresentable {
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("path", .text(path)), .init("parameters", .integer(parameters)),
      .init("depth", .integer(depth)), .init("format", .text(format)),
      .init("batch", .integer(batch)), .init("seed", .integer(Int(clamping: seed))),
      .init("draws", .integer(draws)), .init("purpose", .text(purpose.rawValue)),
    ]
    if let loss { members.append(.init("loss", .number(loss))) }
    return .object(members)
  }
}

extension CheckReport.Layer: JSONRepresentable {
  public var json: JSON {
    .object([
      "index": .integer(index), "name": .text(name),
      "operators": .array(operators.map { .text($0) }), "activation": activation.json,
      "gradient": gradient.json,
      "weight_gradient": .object(["measured": weightGradient?.json ?? .null]),
    ])
  }
}

extension CheckReport.Quantity: JSONRepresentable {
  public var json: JSON {
    var members: [JSON.Member] = [.init("predicted", predicted?.json ?? .null)]
    if predicted == nil { members.append(.init("why", .text(reason))) }
    members.append(.init("measured", measured?.json ?? .null))
    return .object(members)
  }
}

extension CheckReport.Predicted: JSONRepresentable {
  public var json: JSON {
    .object([
      "mean": .number(mean), "second_moment": .number(secondMoment), "low": .number(low),
      "high": .number(high), "basis": .text(basis),
    ])
  }
}

extension CheckReport.Measured: JSONRepresentable {
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("mean", .number(mean)), .init("second_moment", .number(secondMoment)),
      .init("minimum", .number(minimum)), .init("maximum", .number(maximum)),
      .init("zero_share", .number(zeroShare)), .init("non_finite", .integer(nonFinite)),
    ]
    if let spread { members.append(.init("spread", spread.json)) }
    return .object(members)
  }
}

extension CheckReport.Spread: JSONRepresentable {
  public var json: JSON {
    .object(["low": .number(low), "median": .number(median), "high": .number(high)])
  }
}

extension CheckReport.Spectrum: JSONRepresentable {
  public var json: JSON {
    if let reason { return .object(["singular_values": .null, "reason": .text(reason)]) }
    return .object([
      "singular_values": .array(singularValues.map { .number($0) }),
      "predicted_mean_square": .number(predictedMeanSquare),
    ])
  }
}
