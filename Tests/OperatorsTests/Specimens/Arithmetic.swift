import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Operands of one shape, a row against a matrix, and a column against a row.
  private static func binary(_ op: any Operator, hazards: Set<Hazard.Kind>) -> [Specimen] {
    [
      Specimen(op, spread(2, 3), spread(2, 3, from: 0.6, to: 2.4)),
      Specimen(op, spread(3), spread(2, 3, from: 0.6, to: 2.4)),
      Specimen(op, spread(2, 3, 1), spread(4, from: 0.6, to: 2.4)),
      Specimen(op, spread(2, 1, 3), spread(from: 0.6, to: 2.4)),
    ].map { specimen in specimen.with { $0.hazards = hazards } }
  }

  static let arithmetic: [Specimen] = [
    binary(Add(), hazards: [.overflow]),
    binary(Sub(), hazards: [.overflow]),
    binary(Mul(), hazards: [.overflow]),
    binary(Div(), hazards: [.overflow, .pole, .undefined]).map { specimen in
      specimen.with {
        $0.draws = Draws(
          laws: [law(mean: 0.5, deviation: 1), law(mean: 3, deviation: 0.3)], tolerance: 0.01)
      }
    },
    powers,
    [
      Specimen(Sum(), spread(2, 3), spread(3), spread(2, 1)).with { $0.hazards = [.overflow] },
      Specimen(Sum(), spread(4)),
      Specimen(Constant(0.3)), Specimen(Constant(-2, shape: [2, 3])),
      Specimen(Constant(1e6)).with { $0.hazards = [.overflow] },
    ],
  ].flatMap { $0 }

  /// Powers of positive numbers, and integer powers of numbers of both signs.
  private static let powers: [Specimen] = [
    Specimen(
      Pow(), reals([0.4, 0.9, 1.3, 2.2, 3.1, 0.7], 2, 3), reals([-1.5, 0.4, 2.6])
    ).with {
      $0.range = [Interval(0.01, 100), Interval(-4, 4)]
      $0.hazards = [.overflow, .underflow]
    },
    Specimen(Pow(), reals([0.4, 0.9, 1.3, 2.2]), reals([2])).with {
      $0.range = [Interval(-1e9, 1e9), Interval(2, 2)]
      $0.hazards = [.overflow]
      $0.draws?.laws = [law(mean: 0.25, deviation: 0.8), law(mean: 2, deviation: 0)]
    },
    Specimen(Pow(), reals([2.5, 3, 3.6, 4]), reals([-0.5])).with {
      $0.range = [Interval(-1, 1e9), Interval(-0.5, -0.5)]
      $0.hazards = [.pole, .undefined]
      $0.draws = Draws(
        laws: [law(mean: 3, deviation: 0.3), law(mean: -0.5, deviation: 0)], tolerance: 0.01)
    },
  ]

  /// Operators that choose among elements.
  static let choices: [Specimen] = [
    binary(Min(), hazards: []), binary(Max(), hazards: []),
    binary(Min(ties: .first), hazards: []), binary(Max(ties: .first), hazards: []),
    [Less(), Greater(), LessOrEqual(), GreaterOrEqual(), Equal()].map { (op: any Operator) in
      // Intervals that do not touch, so that the outcome is certain, and some that do.
      Specimen(op, reals([1, 2, 3, 4], 2, 2), reals([1.1, 0.5]))
    },
    [
      Specimen(
        Where(), booleans([true, false, false, true], 2, 2), reals([1, 2, 3, 4], 2, 2),
        reals([-1, -2])
      ).with { $0.draws?.laws = [.bernoulli(0.3), law(mean: 0.25, deviation: 0.8)] },
      Specimen(Expand(to: [2, 3]), reals([1, -2, 0.5])),
      Specimen(Expand(to: [2, 3, 4]), spread(2, 1, 1)),
      Specimen(Expand(to: [2, 3, 4], axes: [1]), spread(2, 4)),
      Specimen(Expand(to: [2, 3, 4], axes: [-1]), spread(2, 1)),
      Specimen(Expand(to: [2, 3], axes: []), spread(1, 3)),
    ],
  ].flatMap { $0 }
}

extension Moments {
  /// Independent booleans that are true with this probability, as 1 and 0.
  static func bernoulli(_ share: Double) -> Moments {
    Moments(
      mean: share, secondMoment: share, sampleCorrelation: share, positionCorrelation: share,
      basis: .closedForm)
  }
}
