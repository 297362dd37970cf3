extension StepRecord: JSONRepresentable {
  public var json: JSON {
    .object([
      "step": .integer(step), "loss": .number(loss), "learning_rate": .number(learningRate),
      "gradient_norm": .number(gradientNorm), "clip_coefficient": .number(clipCoefficient),
      "clip_dominant": .text(clipDominant), "loss_scale": .number(lossScale),
      "refused": refusal?.json ?? .null, "seconds": .number(seconds),
      "layers": .array(layers.map(\.json)), "parameters": .array(parameters.map(\.json)),
    ])
  }
}

extension StepRecord.Refusal: JSONRepresentable {
  public var json: JSON {
    .object([
      "place": .text(place.rawValue), "tensor": .text(tensor), "nan": .integer(nanCount),
      "inf": .integer(infinityCount),
    ])
  }
}

extension StepRecord.LayerHealth: JSONRepresentable {
  public var json: JSON {
    .object([
      "name": .text(name), "activation": activation.json, "gradient": gradient?.json ?? .null,
      "saturated_share": .number(saturatedShare),
    ])
  }
}

extension StepRecord.ParameterHealth: JSONRepresentable {
  public var json: JSON {
    .object([
      "name": .text(name), "weight": weight.json, "gradient": gradient.json,
      "update": update?.json ?? .null, "update_ratio": .number(updateRatio),
      "lost_share": .number(lostShare),
    ])
  }
}

extension StepRecord.TensorHealth: JSONRepresentable {
  public var json: JSON {
    .object([
      "mean": .number(mean), "second_moment": .number(secondMoment), "minimum": .number(minimum),
      "maximum": .number(maximum), "zero_share": .number(zeroShare),
      "non_finite": .integer(nonFiniteCount),
    ])
  }
}
