extension DiagnosisReport: JSONRepresentable {
  public static let schema = "evenkeel.diagnose/1"

  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "subject": .text(subject), "verdict": .text(verdict.rawValue),
      "root_cause": rootCause?.json ?? .null, "first_non_finite": firstNonFinite?.json ?? .null,
      "replay": replay?.json ?? .null, "onset": .array(onset.map(\.json)),
      "suspects": .array(suspects.map(\.json)), "controls": .array(controls.map(\.json)),
      "note": .text(note), "steps": .integer(steps),
      "planned_steps": .integer(plannedSteps),
      "loss": .object([
        "first": .number(firstLoss), "last": .number(lastLoss), "baseline": .number(baselineLoss),
      ]),
      "findings": .array(findings.map(\.json)), "seconds": .number(seconds),
    ])
  }
}

extension DiagnosisReport.Verdicted: JSONRepresentable {
  public var json: JSON {
    .object([
      "cause": .text(cause.rawValue), "numerical": .boolean(cause.isNumerical),
      "proven": .boolean(isProven), "because": .text(because),
      "others": .array(others.map { .text($0.rawValue) }), "change": .text(change),
    ])
  }
}

extension DiagnosisReport.NonFinite: JSONRepresentable {
  public var json: JSON {
    .object([
      "step": .integer(step), "place": .text(place.rawValue), "tensor": .text(tensor),
      "value": .text(value), "operator": .text(operatorName),
      "shape": .array(shape.map { .integer($0) }),
      "element": .array(element.map { .integer($0) }), "found": .number(found),
      "nan": .integer(nanCount), "inf": .integer(infinityCount), "cause": .text(reason),
      "explanation": .text(explanation),
      "operands": .array(
        operands.map { operand in
          .object([
            "name": .text(operand.name), "shape": .array(operand.shape.map { .integer($0) }),
            "minimum": .number(operand.minimum), "maximum": .number(operand.maximum),
            "value": .number(operand.value),
          ])
        }),
      "passed_on": .object([
        "count": .integer(passedOnCount), "first": .array(passedOn.map { .text($0) }),
      ]),
    ])
  }
}

extension DiagnosisReport.Replay: JSONRepresentable {
  public var json: JSON {
    .object([
      "from": .integer(from), "to": .integer(to), "identical": .boolean(isIdentical),
    ])
  }
}

extension DiagnosisReport.Growth: JSONRepresentable {
  public var json: JSON {
    .object([
      "quantity": .text(quantity), "name": .text(name), "step": .integer(step),
      "rate": .number(rate), "growth": .number(growth), "sentence": .text(sentence),
    ])
  }
}

extension DiagnosisReport.Suspect: JSONRepresentable {
  public var json: JSON {
    .object([
      "cause": .text(cause.rawValue), "weight": .number(weight), "proven": .boolean(isProven),
      "heals": .boolean(heals), "evidence": .array(evidence.map { .text($0) }),
      "counterfactuals": .array(counterfactuals.map(\.json)),
    ])
  }
}

extension DiagnosisReport.Counterfactual: JSONRepresentable {
  public var json: JSON {
    .object([
      "change": .text(change), "from_step": .integer(fromStep), "steps": .integer(steps),
      "verdict": .text(verdict.rawValue), "healthy": .boolean(isHealthy),
      "relieved": .boolean(isRelieved),
      "last_loss": .number(lastLoss), "rules": .array(rules.map { .text($0.rawValue) }),
      "objection": .text(objection),
      "seeds": .array(
        seeds.sorted { $0.key < $1.key }.map {
          .object(["seed": .integer(Int(clamping: $0.key)), "healthy": .boolean($0.value)])
        }),
    ])
  }
}

extension DiagnosisReport.Control: JSONRepresentable {
  public var json: JSON {
    .object([
      "seed": .integer(Int(clamping: seed)), "verdict": .text(verdict.rawValue),
      "last_loss": .number(lastLoss), "healthy": .boolean(isHealthy),
    ])
  }
}
