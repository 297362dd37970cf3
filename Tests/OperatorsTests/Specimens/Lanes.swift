import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Operators on lanes, and losses.
  static let lanes: [Specimen] = [
    Specimen(Softmax(), spread(2, 5)), Specimen(Softmax(axis: 0), spread(3, 2)),
    Specimen(Softmax(axis: 1), spread(2, 4, 3)), Specimen(LogSoftmax(), spread(2, 5)),
    Specimen(LogSoftmax(axis: 0), spread(3, 2)), Specimen(LogSoftmax(axis: -2), spread(2, 4, 3)),
  ].map { specimen in
    specimen.with {
      $0.hazards = specimen.op is Softmax ? [.underflow] : [.overflow, .underflow]
      $0.draws = Draws(laws: [law(mean: 0.3, deviation: 0.5)], shapes: [[2, 6, 5]])
    }
  }

  static let losses: [Specimen] = [
    Specimen(MeanSquaredError(), spread(2, 3), spread(2, 3, from: -1, to: 3)).with {
      $0.hazards = [.overflow]
      $0.draws?.laws = [law(mean: 0.4, deviation: 1), law(mean: -0.3, deviation: 0.5)]
    },
    Specimen(
      BinaryCrossEntropyWithLogits(), spread(2, 3), reals([0, 1, 0.25, 1, 0, 0.6], 2, 3)
    ).with {
      $0.range = [Interval(-1e9, 1e9), Interval(0, 1)]
      $0.hazards = [.underflow]
      $0.draws?.laws = [law(mean: 0.2, deviation: 1.5), law(mean: 1, deviation: 0)]
    },
    Specimen(Hinge(), spread(2, 3), reals([1, -1, -1, 1, 1, -1], 2, 3)).with {
      $0.range = [Interval(-1e9, 1e9), Interval(-1, 1)]
      $0.draws?.laws = [law(mean: 0.2, deviation: 1.5), law(mean: 1, deviation: 0)]
    },
    Specimen(WeightedMean(), spread(2, 3), spread(2, 3, from: 0.6, to: 1.4)).with {
      $0.range = [Interval(-1e9, 1e9), Interval(0, 1)]
      $0.draws?.laws = [law(mean: 0.4, deviation: 1), law(mean: 1, deviation: 0)]
    },
    Specimen(SoftmaxCrossEntropy(), spread(4, 3), integers([0, 2, 1, 2])),
    Specimen(SoftmaxCrossEntropy(), spread(2, 3, 2), integers([0, 2, 1, 1], 2, 2)),
    Specimen(OneHot(depth: 3), integers([0, 2, 1, 2])),
    Specimen(OneHot(depth: 3, axis: 1), integers([0, 2, 1, 1], 2, 2)),
  ].map { specimen in
    guard specimen.op is SoftmaxCrossEntropy || specimen.op is OneHot else { return specimen }
    return specimen.with {
      $0.draws = Draws(laws: [law(mean: 0.3, deviation: 0.5)], integersBelow: 3)
      if specimen.op is SoftmaxCrossEntropy { $0.hazards = [.overflow, .underflow] }
    }
  }
}
