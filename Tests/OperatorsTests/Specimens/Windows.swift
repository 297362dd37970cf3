import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  private static func convolution(
    _ op: any Operator, _ operands: Tensor..., varying: Bool = false
  ) -> Specimen {
    Specimen(op, operands).with {
      $0.hazards = [.overflow]
      $0.draws = Draws(
        laws: varying
          ? [law(mean: 0, deviation: 1), law(mean: 0, deviation: 0.8)]
          : [
            law(mean: 0.3, deviation: 1), .parameter(mean: 0, secondMoment: 0.64),
            .parameter(mean: 0, secondMoment: 0.25),
          ], tolerance: 0.02)
    }
  }

  private static let odd = Window(strides: [2, 1], pads: [1, 0, 0, 2], dilations: [1, 2])

  /// Convolutions over one and two axes: groups, strides, dilations, uneven pads, odd extents.
  static let convolutions: [Specimen] = [
    convolution(Conv(), spread(2, 3, 5), spread(2, 3, 3), spread(2)),
    convolution(Conv(Window(strides: [2], pads: [2, 1])), spread(1, 2, 6), spread(2, 2, 3)),
    convolution(Conv(), spread(2, 3, 2, 2), spread(2, 3, 1, 1)),
    convolution(Conv(odd), spread(1, 2, 5, 4), spread(2, 2, 3, 2), spread(2)),
    convolution(Conv(odd, groups: 2), spread(2, 4, 4, 4), spread(4, 2, 2, 2)),
    convolution(
      Conv(Window(pads: [1, 1, 1, 1]), groups: 3), spread(1, 3, 3, 4), spread(3, 1, 3, 3),
      spread(3)),
    convolution(
      ConvInputGradient(odd, groups: 2, input: [1, 4, 4, 4]), spread(1, 4, 2, 4),
      spread(4, 2, 3, 2)),
    convolution(
      ConvInputGradient(Window(strides: [3]), groups: 1, input: [2, 2, 8]), spread(2, 3, 3),
      spread(3, 2, 2)),
    convolution(
      ConvWeightGradient(odd, groups: 2, kernel: [3, 2]), spread(1, 4, 4, 4), spread(1, 4, 2, 4),
      varying: true),
    convolution(
      ConvWeightGradient(Window(strides: [3]), groups: 1, kernel: [2]), spread(2, 2, 8),
      spread(2, 3, 3), varying: true),
  ]

  private static let overlapping = Pooling([2, 3], Window(strides: [1, 2], pads: [1, 1, 0, 1]))

  /// Pooling with windows that overlap, that do not, and that reach into padding.
  static let pooling: [Specimen] = [
    Specimen(AveragePool(Pooling([2, 2], Window(strides: [2, 2]))), spread(1, 2, 4, 5)),
    Specimen(AveragePool(overlapping), spread(2, 1, 3, 4)).with { $0.draws?.tolerance = 0.25 },
    Specimen(AveragePool(overlapping, countsPadding: true), spread(2, 1, 3, 4)).with {
      $0.draws?.tolerance = 0.25
    },
    Specimen(AveragePool(Pooling([3], Window(pads: [1, 1]))), spread(1, 2, 5)),
    Specimen(
      AveragePoolGradient(AveragePool(overlapping), input: [2, 1, 3, 4]), spread(2, 1, 3, 2)
    ).with {
      $0.hazards = [.overflow]
      $0.draws?.tolerance = 0.35
    },
    Specimen(
      AveragePoolGradient(
        AveragePool(Pooling([2, 2], Window(strides: [2, 2]))), input: [1, 2, 4, 5]),
      spread(1, 2, 2, 2)),
    Specimen(GlobalAveragePool(), spread(2, 3, 2, 2)),
    Specimen(GlobalAveragePool(), spread(2, 3, 4)),
    Specimen(MaxPool(Pooling([2, 2], Window(strides: [2, 2]))), separated(1, 2, 4, 5)),
    Specimen(MaxPool(overlapping), separated(2, 1, 3, 4)).with { $0.draws?.tolerance = 0.25 },
    Specimen(MaxPool(Pooling([3], Window(dilations: [2]))), separated(1, 2, 7)),
    Specimen(
      MaxPoolGradient(Pooling([2, 2], Window(strides: [2, 2]))), spread(1, 2, 2, 2),
      separated(1, 2, 4, 5)),
    Specimen(MaxPoolGradient(overlapping), spread(2, 1, 3, 2), separated(2, 1, 3, 4)).with {
      $0.hazards = [.overflow]
      $0.draws?.tolerance = 0.7
    },
    Specimen(MaxPoolPick(overlapping), spread(2, 1, 3, 4), separated(2, 1, 3, 4)),
  ]

  /// Elements that keep apart, so that no difference quotient changes which is greatest.
  private static func separated(_ extents: Int...) -> Tensor {
    let count = extents.reduce(1, *)
    return Tensor((0..<count).map { Double($0 * 11 % count) * 0.2 - 1 }, shape: Shape(extents))
  }
}
