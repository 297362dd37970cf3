public import Semantics

/// A function of its input that has no weights and is no activation, such as `softmax` or `log`.
public struct FunctionLayer: LayerKind {
  public let name: String

  /// Creates the function with one of the names of ``forms``.
  public init(_ name: String) {
    precondition(Self.table[name] != nil, "there is no function '\(name)'")
    self.name = name
  }

  private struct Entry {
    let name: String
    let summary: String
    let op: String
    var attributes: Attributes = [:]
    /// How often the input is an operand.
    var operands = 1
    var leastRank = 1
  }

  private static let functions = [
    Entry(
      name: "softmax", summary: "exp(x) over its sum along the last axis.", op: "Softmax",
      attributes: ["axis": .integer(-1)]),
    Entry(
      name: "log_softmax", summary: "The logarithm of softmax, computed stably.",
      op: "LogSoftmax", attributes: ["axis": .integer(-1)]),
    Entry(name: "log", summary: "The natural logarithm.", op: "Log"),
    Entry(name: "exp", summary: "The exponential.", op: "Exp"),
    Entry(name: "sqrt", summary: "The square root.", op: "Sqrt"),
    Entry(name: "reciprocal", summary: "1/x.", op: "Reciprocal"),
    Entry(name: "neg", summary: "-x.", op: "Neg"),
    Entry(name: "abs", summary: "The absolute value.", op: "Abs"),
    Entry(name: "square", summary: "x * x.", op: "Mul", operands: 2),
    Entry(
      name: "time_mean", summary: "The mean over time: [time, features] becomes [features].",
      op: "ReduceMean", attributes: ["axes": .integers([1]), "keepdims": .integer(0)],
      leastRank: 2),
  ]

  private static let table = Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })

  public static let forms = functions.map { NamedForm($0.name, $0.summary) }

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(fields.form.name)
  }

  /// Whether the output has the shape of the input.
  public var keepsShape: Bool { Self.table[name]?.op != "ReduceMean" }

  public var form: String { name }
  public var entries: [YAMLTree.Entry] { [] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    guard let entry = Self.table[name] else { preconditionFailure("checked at creation") }
    let sample = lowering.sampleShape(of: input)
    guard sample.count >= entry.leastRank else {
      throw lowering.error(
        .invalidShape, "'\(name)' takes [time, features], and its input is \(sample)",
        cure: "remove it, or keep the sequence before it")
    }
    return try lowering.append(
      entry.op, entry.attributes, to: Array(repeating: input, count: entry.operands))[0]
  }
}
