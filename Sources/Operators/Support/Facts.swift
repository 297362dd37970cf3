import Semantics
import Tensors

extension TensorType {
  /// The elements per sample along which parameters differ: channels of `[N, C, …]` images,
  /// features of the last axis otherwise.
  var units: Int {
    switch shape.rank {
    case 0: 1
    case 1...3: shape[shape.rank - 1]
    default: shape[1]
    }
  }

  /// The places of one sample that meet the same parameters.
  var positions: Int {
    AxisRoles(shape).positions.reduce(1) { $0 * shape[$1] }
  }
}

extension Tensor {
  /// A tensor of doubles that are all `value`.
  init(repeating value: Double, _ shape: Shape) {
    self.init([Double](repeating: value, count: shape.count), shape: shape)
  }
}

extension Cause {
  /// The first of `operands`, all of one shape, that is not finite at `element`; nil if none is.
  static func passedOn(_ element: Int, of operands: [Tensor]) -> Cause? {
    for (number, operand) in operands.enumerated() where !operand.double(at: element).isFinite {
      return .passedOn(operand: number, element: element)
    }
    return nil
  }
}

/// What the axes of a tensor stand for, as far as the rank tells.
///
/// `[units]`, `[samples, units]`, `[samples, positions, units]`, and from rank 4 on
/// `[samples, units, positions, …]`.
struct AxisRoles {
  let samples: [Int]
  let positions: [Int]
  let units: [Int]

  init(_ shape: Shape) {
    samples = shape.rank >= 2 ? [0] : []
    units = shape.rank == 0 ? [] : [shape.rank >= 4 ? 1 : shape.rank - 1]
    let others = samples + units
    positions = (0..<shape.rank).filter { !others.contains($0) }
  }
}
