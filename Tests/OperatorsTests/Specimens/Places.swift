import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Operators on elements by their places, and on their order.
  static let places: [Specimen] =
    [
      Specimen(Take(), spread(2, 3), integers([4, 0, 4, 5], 2, 2)).with {
        $0.draws = Draws(integersBelow: 6)
      },
      Specimen(Take(), integers([7, 8, 9]), integers([2, 0])).with { $0.draws = nil },
      Specimen(Take(), booleans([true, false, true]), integers([2, 1])).with { $0.draws = nil },
      Specimen(PutAdd(into: [2, 3]), spread(2, 2), integers([4, 0, 4, 5], 2, 2)).with {
        $0.hazards = [.overflow]
        $0.draws = Draws(shapes: [[4, 30], [4, 30]], integersBelow: 6)
      },
      Specimen(Put(), spread(2, 3), integers([4, 0]), reals([0.3, -0.7])).with { $0.draws = nil },
      Specimen(Put(), integers([7, 8, 9]), integers([2, 0]), integers([1, 2])).with {
        $0.draws = nil
      },
      Specimen(Put(), booleans([true, true]), integers([1]), booleans([false])).with {
        $0.draws = nil
      },
      Specimen(Put(reduction: .add), spread(2, 3), integers([4, 0, 4]), reals([0.3, -0.7, 0.2]))
        .with {
          $0.hazards = [.overflow]
          $0.draws = nil
        },
      Specimen(Put(reduction: .add), integers([7, 8]), integers([1, 1]), integers([1, 2])).with {
        $0.draws = nil
      },
      Specimen(Put(reduction: .add), integers([.max, 8]), integers([0]), integers([1])).with {
        $0.draws = nil
      },
      Specimen(Put(reduction: .mul), integers([.max, 8]), integers([0]), integers([3])).with {
        $0.draws = nil
      },
      Specimen(CumulativeSum(axis: 0), integers([.max, 1])).with { $0.draws = nil },
      Specimen(Put(reduction: .mul), spread(2, 3), integers([4, 0]), reals([0.6, -0.7])).with {
        $0.hazards = [.overflow]
        $0.draws = nil
      },
      Specimen(Put(reduction: .max), spread(2, 3), integers([4, 0]), reals([3.6, -3.7])).with {
        $0.draws = nil
      },
      Specimen(Put(reduction: .min), spread(2, 3), integers([4, 0]), reals([3.6, -3.7])).with {
        $0.draws = nil
      },
      Specimen(CumulativeSum(axis: 1), spread(2, 3)),
      Specimen(CumulativeSum(axis: 0, exclusive: true), spread(3, 2)),
      Specimen(CumulativeSum(axis: 1, exclusive: true, reverse: true), spread(2, 3)),
      Specimen(CumulativeSum(axis: -1, reverse: true), integers([1, 2, 3, 4], 2, 2)).with {
        $0.draws = nil
      },
    ].map { specimen in
      guard specimen.op is CumulativeSum else { return specimen }
      return specimen.with {
        if $0.operands[0].type.kind == .real { $0.hazards = [.overflow] }
        $0.draws = nil
      }
    } + order + transforms

  private static let transforms: [Specimen] = [
    Specimen(FourierTransform(axis: 1, length: 6), spread(2, 6, 2)),
    Specimen(
      FourierTransform(axis: 0, length: 5, isInverse: true, isNormalized: true), spread(5, 2, 2)),
    Specimen(FourierTransform(axis: 1, length: 8, isInverse: true), spread(1, 8, 3, 2)),
  ].map { specimen in
    specimen.with {
      $0.hazards = [.overflow]
      $0.draws = nil
    }
  }

  private static let order: [Specimen] = [
    Specimen(TopKIndices(axis: 1, k: 2), reals([3, 1, 2, 5, 5.5, 9], 2, 3)),
    Specimen(TopKIndices(axis: 0, k: 1, largest: false), integers([3, 1, 2, 5], 2, 2)),
    Specimen(ArgMax(axis: 1), reals([3, 1, 2, 5, 5.6, 9], 2, 3)),
    Specimen(ArgMax(axis: 0, selectLast: true), integers([3, 1, 3, 5], 2, 2)),
    Specimen(ArgMin(axis: -1), reals([3, 1, 2, 5, 5.6, 9], 2, 3)),
  ].map { specimen in specimen.with { $0.draws = nil } }
}
