/// What `evenkeel run` computed: outputs, gradients, and how far they are from exact.
public struct RunReport: Sendable {
  /// A tensor in numbers.
  public struct Entry: Sendable {
    public let name: String
    public let type: String
    public let shape: [Int]
    /// Of reals; nil for integers and booleans.
    public let statistics: Statistics?

    public init(name: String, type: String, shape: [Int], statistics: Statistics?) {
      self.name = name
      self.type = type
      self.shape = shape
      self.statistics = statistics
    }
  }

  public struct Statistics: Sendable {
    public let mean: Double
    public let secondMoment: Double
    public let minimum: Double
    public let maximum: Double
    public let nonFinite: Int

    public init(
      mean: Double, secondMoment: Double, minimum: Double, maximum: Double, nonFinite: Int
    ) {
      self.mean = mean
      self.secondMoment = secondMoment
      self.minimum = minimum
      self.maximum = maximum
      self.nonFinite = nonFinite
    }
  }

  /// One tensor of a run against the same in doubles.
  public struct Error: Sendable {
    public let name: String
    /// The operator that gives it.
    public let operatorName: String
    /// `‖x − x₆₄‖ / ‖x₆₄‖`.
    public let relativeError: Double
    /// The greatest relative error of what the operator read.
    public let before: Double

    public init(name: String, operatorName: String, relativeError: Double, before: Double) {
      self.name = name
      self.operatorName = operatorName
      self.relativeError = relativeError
      self.before = before
    }
  }

  /// The comparison with doubles.
  public struct Comparison: Sendable {
    /// In order of execution.
    public let errors: [Error]
    /// The first tensor whose error is ten times that of what it is made of, and above `limit`.
    public let firstGrowth: Error?
    public let limit: Double

    public init(errors: [Error], firstGrowth: Error?, limit: Double) {
      self.errors = errors
      self.firstGrowth = firstGrowth
      self.limit = limit
    }
  }

  public let path: String
  public let format: String
  public let seed: UInt64
  public let parameters: Int
  /// Inputs that were drawn because none were given.
  public let drawn: [String]
  public let inputs: [Entry]
  public let outputs: [Entry]
  public let gradients: [Entry]
  public let comparison: Comparison?
  public let findings: [Finding]

  public init(
    path: String, format: String, seed: UInt64, parameters: Int, drawn: [String], inputs: [Entry],
    outputs: [Entry], gradients: [Entry], comparison: Comparison?, findings: [Finding]
  ) {
    self.path = path
    self.format = format
    self.seed = seed
    self.parameters = parameters
    self.drawn = drawn
    self.inputs = inputs
    self.outputs = outputs
    self.gradients = gradients
    self.comparison = comparison
    self.findings = findings
  }
}

extension RunReport: JSONRepresentable {
  public static let schema = "evenkeel.run/1"

  public var json: JSON {
    var members: [JSON.Member] = [
      .init("schema", .text(Self.schema)),
      .init(
        "model",
        .object([
          "path": .text(path), "parameters": .integer(parameters), "format": .text(format),
          "seed": .integer(Int(clamping: seed)),
        ])),
      .init("drawn", .array(drawn.map { .text($0) })),
      .init("inputs", .array(inputs.map(\.json))),
      .init("outputs", .array(outputs.map(\.json))),
      .init("gradients", .array(gradients.map(\.json))),
    ]
    if let comparison { members.append(.init("comparison", comparison.json)) }
    members.append(.init("findings", .array(findings.map(\.json))))
    return .object(members)
  }
}

extension RunReport.Entry: JSONRepresentable {
  public var json: JSON {
    var members: [JSON.Member] = [
      .init("name", .text(name)), .init("type", .text(type)),
      .init("shape", .array(shape.map { .integer($0) })),
    ]
    if let statistics {
      members += [
        .init("mean", .number(statistics.mean)),
        .init("second_moment", .number(statistics.secondMoment)),
        .init("minimum", .number(statistics.minimum)),
        .init("maximum", .number(statistics.maximum)),
        .init("non_finite", .integer(statistics.nonFinite)),
      ]
    }
    return .object(members)
  }
}

extension RunReport.Comparison: JSONRepresentable {
  public var json: JSON {
    .object([
      "reference": .text("fp64"), "limit": .number(limit),
      "first_growth": firstGrowth?.json ?? .null, "tensors": .array(errors.map(\.json)),
    ])
  }
}

extension RunReport.Error: JSONRepresentable {
  public var json: JSON {
    .object([
      "name": .text(name), "operator": .text(operatorName),
      "relative_error": .number(relativeError), "before": .number(before),
    ])
  }
}
