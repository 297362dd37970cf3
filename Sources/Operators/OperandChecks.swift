import Semantics
import Tensors

/// The greatest rank that strided operators walk without allocating.
let greatestRank = 8

extension Operator {
  /// An error that names this operator.
  func refusal(_ code: OperatorError.Code, _ message: String) -> OperatorError {
    OperatorError(code, in: Self.name, message)
  }

  /// Throws unless the number of operands is in `counts`.
  func expect(
    _ operands: [TensorType], count counts: ClosedRange<Int>
  ) throws(OperatorError) {
    guard counts.contains(operands.count) else {
      let wanted =
        counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
      throw refusal(.invalidShape, "takes \(wanted) operands, not \(operands.count)")
    }
  }

  /// Throws unless the number of operands is in `counts` and all are real.
  func expectReals(
    _ operands: [TensorType], count counts: ClosedRange<Int>
  ) throws(OperatorError) {
    try expect(operands, count: counts)
    for (number, operand) in operands.enumerated() where operand.kind != .real {
      throw refusal(.invalidShape, "operand \(number) must be real, not \(operand)")
    }
  }

  /// `axis` counted from the front; throws when it is outside the rank of `shape`.
  func resolved(_ axis: Int, in shape: Shape) throws(OperatorError) -> Int {
    guard let resolved = shape.axis(axis) else {
      throw refusal(.invalidAttribute, "axis \(axis) is outside the rank of \(shape)")
    }
    return resolved
  }

  /// The flag in attribute `name`, which must be 0 or 1.
  static func flag(
    _ name: String, default fallback: Int = 0, of attributes: Attributes
  ) throws(OperatorError) -> Bool {
    let value = try attributes.integer(name, default: fallback, in: Self.name)
    guard value == 0 || value == 1 else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'\(name)' must be 0 or 1, not \(value)")
    }
    return value == 1
  }
}

/// One element of one operand.
public struct Place: Hashable, Sendable {
  /// The operand's number.
  public var operand: Int
  /// The element's row-major index.
  public var element: Int

  public init(operand: Int, element: Int) {
    self.operand = operand
    self.element = element
  }
}

extension Signature {
  /// The types that tensors have in a run.
  init(operands: [Tensor], results: [Tensor]) {
    self.init(operands: operands.map(\.type), results: results.map(\.type))
  }
}

extension Tensor {
  /// The type of the value that this tensor holds.
  var type: TensorType {
    switch elementType {
    case .float32, .float64: TensorType(shape)
    case .int64: TensorType(shape, .integer)
    case .bool: TensorType(shape, .boolean)
    }
  }

  /// One element as a double.
  func double(at index: Int) -> Double {
    switch elementType {
    case .float32: Double(elements(as: Float.self)[index])
    case .float64: elements(as: Double.self)[index]
    case .int64: Double(elements(as: Int64.self)[index])
    case .bool: elements(as: Bool.self)[index] ? 1 : 0
    }
  }

  /// Whether a real number becomes infinite when stored as an element of this tensor.
  func overflows(_ value: Double) -> Bool {
    elementType == .float32 ? Float(value).isInfinite : value.isInfinite
  }
}

/// Row-major strides of a shape, without an array.
func rowMajorStrides(_ shape: Shape) -> SIMD8<Int> {
  var strides = SIMD8<Int>(repeating: 0)
  var step = 1
  for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
    strides[axis] = step
    step &*= shape.extents[axis]
  }
  return strides
}

/// The product of some of a shape's extents.
func count(of axes: Range<Int>, in shape: Shape) -> Int {
  Shape.count(of: shape.extents[axes])
}
