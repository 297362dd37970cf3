import Graphs
import Numbers
import Operators
import Semantics
import Tensors

/// Writes the graph of a model, computing at once what depends on constants alone.
final class Builder {
  private(set) var graph = Graph()
  /// What parameters and constants hold.
  private(set) var contents: [Value: Tensor] = [:]
  /// Values that are constants, given to the graph as parameters that nothing changes.
  private(set) var constants: Set<Value> = []
  /// Formats narrower than fp32 that the model declares for values.
  private(set) var formats: [Value: NumberFormat] = [:]
  /// The declared types of inputs.
  private(set) var types: [Value: DataType] = [:]
  /// Whether anything was declared to be a double.
  private(set) var hasDoubles = false
  /// How many places there are of what integers name.
  private(set) var indexLimits: [Value: Int] = [:]
  /// What the model is computed in, where it is not the format of the file.
  private let format: NumberFormat?
  /// Inputs whose contents decided a shape, or which nodes run.
  var decisive: Set<String> = []
  /// What inputs are given.
  private(set) var given: [Value: Tensor] = [:]
  /// What values come to, as far as importing had to know.
  var evaluated: [Value: Tensor] = [:]
  private var folded = 0
  private var initializers: [String: Tensor] = [:]
  private var parameters: [String: Value] = [:]

  init(format: NumberFormat? = nil) { self.format = format }

  var scope: String {
    get { graph.scope }
    set { graph.scope = newValue }
  }

  var origin: Graph.Origin? {
    get { graph.origin }
    set { graph.origin = newValue }
  }

  // MARK: Inputs and constants

  func input(
    _ name: String, _ type: DataType, _ shape: Shape, given tensor: Tensor? = nil
  ) -> Operand {
    let value = graph.addInput(name, TensorType(shape, type.kind ?? .real))
    given[value] = tensor
    types[value] = type
    return note(value, type, shape)
  }

  /// A parameter; another one of this name, as graphs within nodes may have, is counted on, while the
  /// same one is read again by every turn of a loop.
  func parameter(_ name: String, _ tensor: Tensor, _ type: DataType) -> Operand {
    var (own, number) = (name, 1)
    while let known = initializers[own], !known.isSame(as: tensor) {
      number += 1
      own = "\(name)#\(number)"
    }
    initializers[own] = tensor
    return Operand(source: .initializer(own), type: type, shape: tensor.shape)
  }

  private func parameter(_ name: String, of operand: Operand) -> Value {
    if let value = parameters[name] { return value }
    guard let tensor = initializers[name] else { preconditionFailure("no initializer \(name)") }
    let value = graph.addParameter(name, TensorType(operand.shape, operand.kind))
    contents[value] = tensor
    parameters[name] = value
    _ = note(value, operand.type, operand.shape)
    return value
  }

  func constant(_ tensor: Tensor, _ type: DataType) -> Operand {
    Operand(source: .contents(tensor.widened), type: type, shape: tensor.shape)
  }

  /// A constant of the model's program; a single number is the one that was meant.
  func literal(_ tensor: Tensor, _ type: DataType) -> Operand {
    guard type == .float, tensor.count == 1, let number = tensor.doubles.first else {
      return constant(tensor, type)
    }
    return constant([MeantNumber.double(Float(number))], type, shape: tensor.shape)
  }

  func constant(_ numbers: [Double], _ type: DataType = .float, shape: Shape? = nil) -> Operand {
    let shape = shape ?? [numbers.count]
    return switch type.kind ?? .real {
    case .real: constant(Tensor(numbers, shape: shape), type)
    case .integer: constant(Tensor(numbers.map { Int64(nearest: $0) }, shape: shape), type)
    case .boolean: constant(Tensor(numbers.map { $0 != 0 }, shape: shape), type)
    }
  }

  func scalar(_ number: Double, _ type: DataType = .float) -> Operand {
    constant([number], type, shape: .scalar)
  }

  func integers(_ numbers: [Int], shape: Shape? = nil) -> Operand {
    constant(Tensor(numbers.map(Int64.init), shape: shape ?? [numbers.count]), .int64)
  }

  /// Notes that integers name places below a limit.
  func limit(_ indices: Operand, to extent: Int) {
    guard case .value(let value) = indices.source else { return }
    indexLimits[value] = min(indexLimits[value] ?? extent, extent)
  }

  private func note(
    _ value: Value, _ type: DataType, _ shape: Shape, format: NumberFormat? = nil
  ) -> Operand {
    if type == .double { hasDoubles = true }
    if let format = format ?? type.format, format.bitCount < 32 { formats[value] = format }
    return Operand(source: .value(value), type: type, shape: shape)
  }

  /// The operand as a value of the graph.
  func value(_ operand: Operand) throws -> Value {
    switch operand.source {
    case .value(let value): return value
    case .initializer(let name): return parameter(name, of: operand)
    case .contents(let tensor):
      if operand.isReal, tensor.count > 0 {
        let elements = tensor.elements(as: Double.self)
        if elements.indices.allSatisfy({ elements[$0].bitPattern == elements[0].bitPattern }) {
          let number = format.map { MeantNumber.end(elements[0], in: $0) } ?? elements[0]
          let constant = Constant(number, shape: operand.shape)
          let value = try graph.append(constant, to: [])[0]
          if operand.type == .double { hasDoubles = true }
          return value
        }
      }
      let name = "constant.\(constants.count)"
      let value = graph.addParameter(name, TensorType(operand.shape, operand.kind))
      contents[value] = tensor
      constants.insert(value)
      if operand.type == .double { hasDoubles = true }
      return value
    }
  }

  /// What an operand holds, where that is known.
  ///
  /// - Throws: ``ContentsNeeded`` where it depends on an input.
  func known(_ operand: Operand) throws -> Tensor {
    switch operand.source {
    case .contents(let tensor): return tensor
    case .initializer(let name): return initializers[name]?.widened ?? Tensor([0.0], shape: [1])
    case .value(let value): return try evaluate(value)
    }
  }

  /// Whether two operands are one value, or were computed in the same way from the same values, as
  /// exporters write a difference anew wherever a program uses it.
  func areSame(_ a: Operand, _ b: Operand) -> Bool {
    guard case .value(let left) = a.source, case .value(let right) = b.source else { return false }
    if left == right { return true }
    guard let first = graph.producer(of: left), let second = graph.producer(of: right),
      first.op is any Elementwise, first.op.typeName == second.op.typeName
    else { return false }
    return first.operands == second.operands && first.op.attributes == second.op.attributes
      && formats[left] == formats[right]
  }

  // MARK: Operators

  /// Appends an operator with one result, of the type of the first operand unless said.
  func apply(
    _ op: any Operator, _ operands: Operand..., as type: DataType? = nil,
    format: NumberFormat? = nil
  ) throws -> Operand {
    try append(op, to: operands, as: type, format: format)[0]
  }

  /// Appends an operator, or computes it where all operands are known.
  ///
  /// Reals of a type narrower than fp32 are rounded to it, by the rule of `format` where that is
  /// given; integers of few bits wrap around.
  func append(
    _ op: any Operator, to operands: [Operand], as type: DataType? = nil,
    format: NumberFormat? = nil
  ) throws -> [Operand] {
    let types = try op.types(of: operands.map { TensorType($0.shape, $0.kind) })
    for result in types { _ = try Limits.shape(result.shape.extents, of: "the result") }
    let results = types.map { Self.dataType(of: $0.kind, wanted: type, operands) }
    let known = operands.compactMap(\.contents)
    if known.count == operands.count, types.reduce(0, { $0 + $1.shape.count }) <= 1 << 24 {
      return try fold(op, known, types, results, format)
    }
    let values = try graph.append(op, to: try operands.map { try value($0) })
    guard graph.nodes.count < Limits.nodes else {
      throw ModelError(
        .limitExceeded, "loops make more than \(Limits.nodes) nodes", cure: "run fewer steps")
    }
    return zip(values, results).map { value, type in
      note(value, type, graph.type(of: value).shape, format: format)
    }
  }

  private static func dataType(
    of kind: ElementKind, wanted: DataType?, _ operands: [Operand]
  ) -> DataType {
    if let wanted, wanted.kind == kind { return wanted }
    if let same = operands.first(where: { $0.kind == kind }) { return same.type }
    return switch kind {
    case .real: .float
    case .integer: .int64
    case .boolean: .bool
    }
  }

  /// Results of an operator on operands that are known, in doubles.
  func compute(
    _ op: any Operator, _ operands: [Tensor], _ types: [TensorType]
  ) throws -> [Tensor] {
    folded += types.reduce(0) { $0 + $1.shape.count }
    guard folded <= Limits.folded else {
      throw ModelError(
        .limitExceeded,
        "what importing has to compute has more than \(Limits.folded) elements together",
        cure: "store large constants as initializers")
    }
    try Limits.room(for: types.reduce(0) { $0 + $1.shape.count }, of: "a constant")
    let signature = Signature(
      operands: operands.map { TensorType($0.shape, $0.kindOfContents) }, results: types)
    let tensors = types.map { Tensor(zeros: $0.shape, Double.elementType(of: $0.kind)) }
    let workspace = Tensor(zeros: [op.workspace(for: signature)], .float64)
    op.value(of: operands, into: tensors, workspace: workspace.elements(as: Double.self))
    return tensors
  }

  private func fold(
    _ op: any Operator, _ operands: [Tensor], _ types: [TensorType], _ results: [DataType],
    _ format: NumberFormat?
  ) throws -> [Operand] {
    try zip(compute(op, operands, types), results).map { tensor, type in
      // Singles stay exact: a run in doubles has no use for their rounding, one in singles rounds.
      if let format = format ?? type.format, format.bitCount < 32 { tensor.round(to: format) }
      return Operand(source: .contents(tensor), type: type, shape: tensor.shape)
    }
  }

  /// The gradients of the sum of all elements of `y`.
  func gradients(of y: Operand, withRespectTo targets: [Operand]) throws -> [Operand] {
    guard y.isReal, targets.allSatisfy(\.isReal) else {
      throw ModelError.invalid("integers and booleans have no gradients")
    }
    let values = try targets.map { try value($0) }
    let output = try value(y)
    let ones = try graph.append(Constant(1, shape: y.shape), to: [])[0]
    let found = try graph.differentiate(
      [(output, ones)], withRespectTo: values, adding: { Add() })
    return try zip(targets, values).map { target, value in
      guard let cotangent = found[value] else {
        return try expand(scalar(0, target.type), target.shape.extents)
      }
      return note(cotangent, target.type, target.shape)
    }
  }

  /// The same elements as another ONNX type.
  func cast(_ x: Operand, to type: DataType) throws -> Operand {
    guard let kind = type.kind else {
      throw ModelError.unsupported("elements of type \(type) are not computed with")
    }
    if x.type == type { return x }
    var result = x
    if x.kind != kind || x.type.format != type.format {
      result = try apply(Cast(to: kind), x, as: type)
    }
    result = Operand(source: result.source, type: type, shape: result.shape)
    return try wrapped(result)
  }

  /// Integers of fewer than 64 bits, wrapped around.
  func wrapped(_ x: Operand) throws -> Operand {
    guard let (bits, isSigned) = x.type.integer, bits < 64 else { return x }
    return try apply(WrapInteger(bits: bits, isSigned: isSigned), x, as: x.type)
  }
}

extension Tensor {
  /// Whether another tensor holds the same reals.
  fileprivate func isSame(as other: Tensor) -> Bool {
    guard shape == other.shape, elementType == other.elementType else { return false }
    func holds<T: Scalar>(_ type: T.Type) -> Bool {
      let (a, b) = (elements(as: type), other.elements(as: type))
      return a.indices.allSatisfy { a[$0] == b[$0] || (a[$0].isNaN && b[$0].isNaN) }
    }
    return switch elementType {
    case .float32: holds(Float.self)
    case .float64: holds(Double.self)
    case .int64, .bool: false
    }
  }

  /// Reals as doubles; others as they are.
  var widened: Tensor {
    guard elementType == .float32 else { return self }
    let (result, source) = (Tensor(zeros: shape, .float64), elements(as: Float.self))
    let target = result.elements(as: Double.self)
    for i in source.indices { target[i] = Double(source[i]) }
    return result
  }

  var kindOfContents: ElementKind {
    switch elementType {
    case .float32, .float64: .real
    case .int64: .integer
    case .bool: .boolean
    }
  }

  /// Integers, from whichever type.
  var integers: [Int] {
    switch elementType {
    case .int64: array(of: Int64.self).map(Int.init)
    default: doubles.map { Int(Int64(nearest: $0)) }
    }
  }
}

extension Int64 {
  /// The integer part, or the nearest integer that there is; 0 for NaN.
  init(nearest x: Double) {
    self = x.isNaN ? 0 : x >= 0x1p63 ? .max : x < -0x1p63 ? .min : Int64(x)
  }
}

extension Int {
  /// The integer part of a place, held within what places are computed with; 0 for NaN.
  init(within x: Double) {
    let most = Double(Limits.integer)
    self = x.isNaN ? 0 : Int(Swift.min(Swift.max(x, -most), most))
  }
}
