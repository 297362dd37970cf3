import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  private static func normalization(
    _ op: any Operator, _ operands: [Tensor], shape: Shape, scale: Shape
  ) -> Specimen {
    Specimen(op, operands).with {
      $0.hazards = [.overflow]
      $0.draws = Draws(
        laws: [
          law(mean: 0.3, deviation: 1.5), .parameter(mean: 1, secondMoment: 1.1),
          .parameter(mean: 0.2, secondMoment: 0.1),
        ], shapes: [shape, scale, scale], tolerance: 0.05)
    }
  }

  /// Forward operators, of which those with training statistics.
  static let normalizations: [Specimen] = [
    normalization(
      BatchNormalization(isTraining: true), [spread(5, 3), spread(3), spread(3)],
      shape: [40, 3], scale: [3]),
    normalization(
      BatchNormalization(isTraining: true, epsilon: 0.1),
      [spread(2, 2, 2, 3), spread(2), spread(2)], shape: [10, 2, 2, 3], scale: [2]),
    normalization(
      LayerNormalization(), [spread(3, 5), spread(5), spread(5)], shape: [3, 50], scale: [50]),
    normalization(
      LayerNormalization(axis: 1, epsilon: 1e-3), [spread(2, 3, 2), spread(3, 2)],
      shape: [2, 10, 5], scale: [10, 5]),
    normalization(
      RMSNormalization(), [spread(3, 5), spread(5)], shape: [3, 50], scale: [50]),
    normalization(
      RMSNormalization(axis: -2, epsilon: 0), [spread(2, 3, 2), spread(3, 2)],
      shape: [2, 10, 5], scale: [10, 5]
    ).with { $0.hazards = [.overflow, .undefined] },
    Specimen(
      BatchNormalization(isTraining: false), spread(2, 2, 3), spread(2), spread(2), spread(2),
      spread(2, from: 0.5, to: 2)
    ).with {
      $0.hazards = [.overflow]
      $0.range = [
        Interval(-1e9, 1e9), Interval(-10, 10), Interval(-1, 1), Interval(-1, 1), Interval(0, 4),
      ]
      $0.draws = Draws(
        laws: [
          law(mean: 0.3, deviation: 1.5), .parameter(mean: 1, secondMoment: 1.1),
          .parameter(mean: 0.2, secondMoment: 0.1), law(mean: 0.3, deviation: 0),
          law(mean: 2.25, deviation: 0),
        ])
    },
  ]

  /// Backward operators, for every kind of group.
  static let normalizationGradients: [Specimen] = {
    let forms: [(NormalizationForm, Tensor, Tensor, Shape, Shape)] = [
      (.init(.batch), spread(5, 3), spread(3), [40, 3], [3]),
      (.init(.batch, epsilon: 0.1), spread(2, 2, 3), spread(2), [10, 2, 6], [2]),
      (.init(.layer), spread(3, 5), spread(5), [3, 50], [50]),
      (.init(.rms, axis: 1, epsilon: 0.01), spread(2, 3, 2), spread(3, 2), [2, 10, 5], [10, 5]),
    ]
    return forms.flatMap { form, x, scale, shape, scaleShape in
      let dy = x.mapped { i, value in 0.3 * value * value + 0.1 * Double(i % 3) }
      let g = x.mapped { i, value in 0.5 - 0.2 * value + 0.3 * Double(i % 2) }
      return [
        Specimen(NormalizationGradient(form), dy, x, scale).with {
          $0.derivatives = 1
          $0.hazards = [.overflow]
          $0.draws = Draws(
            laws: [
              law(mean: 0.2, deviation: 0.7), law(mean: 0.3, deviation: 1.5),
              .parameter(mean: 1, secondMoment: 1.1),
            ], shapes: [shape, shape, scaleShape], tolerance: 0.08)
        },
        Specimen(NormalizationSecondGradient(form), g, dy, x, scale).with {
          $0.hazards = [.overflow]
          $0.derivatives = 0
        },
      ]
    }
  }()

  /// Attention, causal or not, with more keys than queries, and its backward operators.
  static let attention: [Specimen] = {
    let shapes: [(Attention, Int, Int, Int, Int)] = [
      (Attention(), 3, 3, 2, 2), (Attention(isCausal: true), 3, 3, 2, 3),
      (Attention(isCausal: true, scale: 0.3), 2, 4, 3, 2),
    ]
    return shapes.flatMap { op, t, s, d, e in
      let q = spread(1, 2, t, d)
      let k = spread(1, 2, s, d, from: -1, to: 1.5)
      let v = spread(1, 2, s, e, from: -1.5, to: 1)
      let y = spread(1, 2, t, e, from: -1, to: 1)
      let draws = Draws(
        laws: [law(mean: 0, deviation: 0.7)],
        shapes: [[1, 2, 12, 8], [1, 2, 12, 8], [1, 2, 12, 6]], tolerance: 0.15)
      return [
        Specimen(op, q, k, v).with { $0.draws = draws },
        Specimen(AttentionGradient(op), y, q, k, v).with {
          $0.derivatives = 1
          $0.hazards = [.overflow]
          $0.draws = draws
          $0.draws?.shapes = [[1, 2, 12, 6], [1, 2, 12, 8], [1, 2, 12, 8], [1, 2, 12, 6]]
          $0.draws?.tolerance = 0.4
        },
        Specimen(
          AttentionSecondGradient(op), q.mapped { $1 * 0.5 + 0.1 * Double($0 % 3) },
          k.mapped { 0.3 - 0.4 * $1 * Double($0 % 2) }, v.mapped { $1 * 0.6 + 0.05 * Double($0) },
          y, q, k, v
        ).with {
          $0.hazards = [.overflow]
          $0.derivatives = 0
        },
      ]
    }
  }()
}
