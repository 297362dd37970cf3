import Foundation
import Graphs
import ONNXMessages
import Operators
import Semantics
import Tensors

/// One node of the model as its rule sees it: its inputs, its attributes, and where to write.
struct NodeContext {
  let node: Onnx_NodeProto
  /// The version of the operator's domain that the model, or function, imports.
  let opset: Int
  let inputs: [Item?]
  let importer: Importer
  private let attributes: [String: Onnx_AttributeProto]

  init(
    _ node: Onnx_NodeProto, attributes: [String: Onnx_AttributeProto], opset: Int, inputs: [Item?],
    importer: Importer
  ) {
    self.node = node
    self.attributes = attributes
    self.opset = opset
    self.inputs = inputs
    self.importer = importer
  }

  var builder: Builder { importer.builder }
  var name: String { node.opType }

  /// How many outputs the node names, some of which may be empty.
  var outputCount: Int { node.output.count }

  func wantsOutput(_ number: Int) -> Bool {
    node.output.indices.contains(number) && !node.output[number].isEmpty
  }

  /// Whether what the node gives is a parameter that does not stand among the initializers.
  var isWeight: Bool { importer.isWeight(identity) }

  /// What tells the node from others.
  var identity: String { node.output.first ?? node.name }

  // MARK: Inputs

  func has(_ number: Int) -> Bool { inputs.indices.contains(number) && inputs[number] != nil }

  func item(_ number: Int) throws -> Item {
    guard has(number), let item = inputs[number] else {
      throw ModelError.invalid("input \(number) is missing")
    }
    return item
  }

  /// A tensor that must be there.
  func input(_ number: Int) throws -> Operand {
    switch try item(number) {
    case .tensor(let operand): return operand
    case .sequence: throw ModelError.invalid("input \(number) is a sequence, not a tensor")
    case .nothing: throw ModelError.invalid("input \(number) is an empty optional")
    }
  }

  func optional(_ number: Int) throws -> Operand? { has(number) ? try input(number) : nil }

  /// Every input, all of which must be tensors.
  func allInputs() throws -> [Operand] { try inputs.indices.map { try input($0) } }

  /// Numbers that an input holds, which shapes depend on, none beyond ``Limits/integer``.
  func integers(ofInput number: Int) throws -> [Int]? {
    try wideIntegers(ofInput: number).map { try Limits.integers($0, of: "input \(number)") }
  }

  /// Integers that an input holds, however large they are: they may not be computed with.
  func wideIntegers(ofInput number: Int) throws -> [Int]? {
    guard let operand = try optional(number) else { return nil }
    return try builder.known(operand).integers
  }

  func reals(ofInput number: Int) throws -> [Double]? {
    guard let operand = try optional(number) else { return nil }
    return try builder.known(operand).doubles
  }

  /// Numbers that older versions have as an attribute and newer ones as an input.
  func integers(_ name: String, orInput number: Int) throws -> [Int]? {
    try attributes[name] == nil ? integers(ofInput: number) : integers(name)
  }

  /// Such numbers, however large they are: they may not be computed with.
  func wideIntegers(_ name: String, orInput number: Int) throws -> [Int]? {
    try attributes[name] == nil ? wideIntegers(ofInput: number) : wideIntegers(name)
  }

  // MARK: Attributes

  func attribute(_ name: String) -> Onnx_AttributeProto? { attributes[name] }

  func hasAttribute(_ name: String) -> Bool { attributes[name] != nil }

  /// An integer that is computed with, not beyond ``Limits/integer``.
  func integer(_ name: String, default fallback: Int? = nil) throws -> Int {
    try Limits.integers([wideInteger(name, default: fallback)], of: "attribute \(name)")[0]
  }

  /// An integer, however large it is: it may not be computed with.
  func wideInteger(_ name: String, default fallback: Int? = nil) throws -> Int {
    if let attribute = attributes[name] {
      guard attribute.type == .int || attribute.hasI else { throw wrongKind(name, "an integer") }
      return Int(attribute.i)
    }
    guard let fallback else { throw ModelError.invalid("attribute \(name) is missing") }
    return fallback
  }

  func flag(_ name: String, default fallback: Bool = false) throws -> Bool {
    try integer(name, default: fallback ? 1 : 0) != 0
  }

  func real(_ name: String, default fallback: Double) throws -> Double {
    guard let attribute = attributes[name] else { return fallback }
    guard attribute.type == .float || attribute.hasF else { throw wrongKind(name, "a number") }
    return Double(attribute.f)
  }

  /// What is meant by a number that is kept in single precision: 1e-5 rather than 0.0000099999997.
  func epsilon(_ name: String = "epsilon", default fallback: Double = 1e-5) throws -> Double {
    let value = try real(name, default: fallback)
    guard value.isFinite, name != "epsilon" || value >= 0 else {
      throw ModelError.invalid("attribute \(name) is \(value)")
    }
    return attributes[name] == nil ? fallback : MeantNumber.double(Float(value))
  }

  func text(_ name: String, default fallback: String) throws -> String {
    guard let attribute = attributes[name] else { return fallback }
    return String(decoding: attribute.s, as: UTF8.self)
  }

  /// A text, where the attribute is one.
  func word(_ name: String) -> String? {
    guard let attribute = attributes[name], attribute.hasS else { return nil }
    return String(decoding: attribute.s, as: UTF8.self)
  }

  func texts(_ name: String) -> [String]? {
    attributes[name].map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// Integers that are computed with, none beyond ``Limits/integer``.
  func integers(_ name: String) throws -> [Int]? {
    try wideIntegers(name).map { try Limits.integers($0, of: "attribute \(name)") }
  }

  /// Integers, however large they are: they may not be computed with.
  func wideIntegers(_ name: String) throws -> [Int]? { attributes[name]?.ints.map(Int.init) }

  func reals(_ name: String) -> [Double]? { attributes[name]?.floats.map(Double.init) }

  func tensor(_ name: String) throws -> (tensor: Tensor, type: DataType)? {
    guard let attribute = attributes[name], attribute.hasT else { return nil }
    return try importer.reader.contents(attribute.t)
  }

  func graph(_ name: String) throws -> Onnx_GraphProto {
    guard let attribute = attributes[name], attribute.hasG else {
      throw ModelError.invalid("the graph \(name) is missing")
    }
    return attribute.g
  }

  func dataType(_ name: String, default fallback: DataType) throws -> DataType {
    guard let attribute = attributes[name] else { return fallback }
    guard let type = DataType(rawValue: Int(attribute.i)) else {
      throw ModelError.invalid("attribute \(name) is no data type: \(attribute.i)")
    }
    guard type.kind != nil else {
      throw ModelError.unsupported("elements of type \(type) are not computed with")
    }
    return type
  }

  private func wrongKind(_ name: String, _ wanted: String) -> ModelError {
    .invalid("attribute \(name) must be \(wanted)")
  }

  // MARK: Axes

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws -> Int {
    let place = axis < 0 ? axis + rank : axis
    guard (0..<max(rank, 1)).contains(place) else {
      throw ModelError.invalid("axis \(axis) is outside of \(rank) axes")
    }
    return place
  }

  func axes(_ axes: [Int], rank: Int) throws -> [Int] { try axes.map { try axis($0, rank: rank) } }
}
