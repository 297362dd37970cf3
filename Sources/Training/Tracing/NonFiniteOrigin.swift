public import Findings
public import Semantics
public import Tensors

/// Where the first number of a step that is not finite came from.
///
/// Found by running the step again with every value looked at as it is computed, forward and
/// backward; the same bits come out as in the step itself.
public struct NonFiniteOrigin: Sendable {
  /// What kind of tensor it is.
  public let place: StepRecord.Refusal.Place
  /// The layer or the parameter that it belongs to, or the row of the data.
  public let tensor: String
  /// The value's own name, such as `layers.3/Gemm`.
  public let value: String
  /// The operator that computed it; nil for data, weights and updates.
  public let operatorName: String?
  public let shape: Shape
  /// The first element that is not finite, by the index on every axis.
  public let element: [Int]
  /// What stands there: NaN or an infinity.
  public let found: Double
  public let nanCount: Int
  public let infinityCount: Int
  /// Why it is so; nil for data and weights that came with it.
  public let reason: Cause.Reason?
  /// The same with its numbers, as a sentence without a full stop.
  public let explanation: String
  /// What the operator read.
  public let operands: [Operand]
  /// Values computed later in the step that were not finite either, since they read it or others that
  /// did.
  public let passedOn: [String]

  /// A tensor that an operator read.
  public struct Operand: Hashable, Sendable {
    public let name: String
    public let shape: Shape
    public let minimum: Double
    public let maximum: Double
    /// The element at the place of the result's, where there is one to each.
    public let value: Double?
  }

  /// Whether it was computed in the backward pass.
  public var isBackward: Bool { place == .cotangent || place == .gradient }
}

extension Shape {
  /// The index on every axis of an element by its number.
  func index(of element: Int) -> [Int] {
    var rest = element
    var index = [Int](repeating: 0, count: extents.count)
    for axis in extents.indices.reversed() {
      index[axis] = rest % max(1, extents[axis])
      rest /= max(1, extents[axis])
    }
    return index
  }
}
