import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  private static func product(_ op: any Operator, _ operands: Tensor...) -> Specimen {
    Specimen(op, operands).with {
      $0.hazards = [.overflow]
      $0.draws?.laws = [
        law(mean: 0.5, deviation: 1), .parameter(mean: 0, secondMoment: 0.64),
        .parameter(mean: 0, secondMoment: 0.25),
      ]
    }
  }

  /// Matrix products in every layout.
  static let products: [Specimen] = [
    product(Gemm(), spread(3, 4), spread(4, 2)),
    product(Gemm(), spread(3, 4), spread(4, 2), spread(2, from: -1, to: 1)),
    product(Gemm(isRightTransposed: true), spread(3, 4), spread(2, 4), spread(3, 1)),
    product(
      Gemm(isRightTransposed: true, alpha: 0.5, beta: -2), spread(3, 4), spread(2, 4),
      spread(3, 2)),
    product(Gemm(isLeftTransposed: true), spread(4, 3), spread(4, 2), spread()).with {
      $0.draws?.laws = [law(mean: 0.5, deviation: 1), law(mean: 0, deviation: 0.8)]
    },
    product(Gemm(isLeftTransposed: true, isRightTransposed: true), spread(4, 3), spread(2, 4)),
    product(MatMul(), spread(3, 4), spread(4, 2)),
    product(MatMul(), spread(4), spread(4)),
    product(MatMul(), spread(4), spread(4, 3)),
    product(MatMul(), spread(2, 3, 4), spread(4)),
    product(MatMul(), spread(2, 3, 4), spread(4, 2)),
    product(MatMul(), spread(2, 1, 3, 4), spread(3, 4, 2)),
    product(MatMul(), spread(2, 3, 4), spread(2, 4, 2)),
    product(MatMul(isRightTransposed: true), spread(2, 3, 4), spread(2, 2, 4)),
    product(MatMul(isLeftTransposed: true), spread(2, 4, 3), spread(4, 2)),
    product(
      MatMul(isLeftTransposed: true, isRightTransposed: true), spread(2, 4, 3), spread(2, 4)),
    product(MatMul(isRightTransposed: true), spread(2, 3, 4), spread(2, 4)),
  ]

  /// Operators that move elements and compute nothing.
  static let rearrangements: [Specimen] = [
    Specimen(Reshape(to: [0, -1]), spread(2, 3, 2)),
    Specimen(Flatten(axis: 2), spread(2, 3, 2)),
    Specimen(Flatten(axis: 0), spread(2, 3)),
    Specimen(Squeeze(), spread(2, 1, 3, 1)),
    Specimen(Squeeze(axes: [-1]), spread(2, 1, 3, 1)),
    Specimen(Unsqueeze(axes: [0, -1]), spread(2, 3)),
    Specimen(Transpose(), spread(2, 3, 4)),
    Specimen(Transpose(permutation: [0, 2, 1, 3]), spread(2, 3, 2, 2)),
    Specimen(Transpose(permutation: [2, 0, 1]), spread(2, 3, 2)),
    Specimen(Concat(axis: 1), spread(2, 3), spread(2, 1), spread(2, 2)),
    Specimen(Concat(axis: -3), spread(1, 2, 3), spread(2, 2, 3)),
    Specimen(Split(axis: 1, extents: [2, 3, 1]), spread(2, 6)),
    Specimen(Split(axis: -2, extents: [1, 2]), spread(3, 2)),
    Specimen(Slice(starts: [1], ends: [3]), spread(4, 2)),
    Specimen(Slice(starts: [0, -1], ends: [9, -9], axes: [1, 0], steps: [2, -1]), spread(3, 5)),
    Specimen(Slice(starts: [4], ends: [0], axes: [1], steps: [-3]), spread(2, 5)),
    attempt {
      try SliceGradient(attributes: [
        "starts": .integers([3]), "ends": .integers([-9]), "axes": .integers([1]),
        "steps": .integers([-2]), "shape": .integers([2, 5]),
      ])
    }.map { Specimen($0, spread(2, 2)) },
  ].compactMap { $0 }

  /// Operators that choose elements by numbers, random or given.
  static let selections: [Specimen] = [
    Specimen(Dropout(ratio: 0.4, seed: 3), spread(4, 5)).with {
      $0.hazards = [.overflow]
      $0.draws = nil
    },
    Specimen(Dropout(ratio: 0.4, isTraining: false), spread(4, 2)),
    Specimen(Gather(), spread(5, 3), integers([4, 0, -1, 2], 2, 2)).with {
      $0.draws?.integersBelow = 5
    },
    Specimen(Gather(axis: 1), spread(2, 4, 3), integers([3, 3, 0])).with {
      $0.draws?.integersBelow = 4
    },
    Specimen(
      GatherGradient(axis: 0, into: [5, 3]), spread(2, 2, 3), integers([4, 0, -1, 4], 2, 2)
    )
    .with {
      $0.hazards = [.overflow]
      $0.draws?.integersBelow = 5
    },
    Specimen(GatherGradient(axis: 1, into: [2, 4, 3]), spread(2, 3, 3), integers([3, 3, 0])).with {
      $0.hazards = [.overflow]
      $0.draws?.integersBelow = 4
    },
  ]

  private static func attempt(_ make: () throws -> any Operator) -> (any Operator)? { try? make() }
}
