import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Elements away from the kinks of every activation, with both signs and both tails.
  private static let elements = reals(
    [-4.1, -2.6, -1.7, -0.65, -0.3, 0.2, 0.45, 1.6, 2.7, 3.6], 2, 5)

  private static func pointwise(
    _ op: any Pointwise, hazards: Set<Hazard.Kind> = []
  ) -> Specimen {
    Specimen(op, elements).with { $0.hazards = hazards }
  }

  /// Of a function with a pole or an edge at 0: positive elements, drawn far from 0.
  private static func singular(
    _ op: any Pointwise, hazards: Set<Hazard.Kind>
  ) -> Specimen {
    Specimen(op, reals([0.4, 0.7, 1.3, 2.9])).with {
      $0.hazards = hazards
      $0.draws = Draws(laws: [law(mean: 3, deviation: 0.3)], tolerance: 0.01)
    }
  }

  /// Of a function with edges or poles: elements inside, drawn far from these.
  private static func edged(
    _ op: any Pointwise, _ elements: [Double], mean: Double = 0.3, hazards: Set<Hazard.Kind>
  ) -> Specimen {
    Specimen(op, reals(elements)).with {
      $0.hazards = hazards
      $0.draws = Draws(laws: [law(mean: mean, deviation: 0.05)], tolerance: 0.01)
    }
  }

  static let functions: [Specimen] = [
    pointwise(Linear()),
    pointwise(Relu()),
    pointwise(LeakyRelu(alpha: 0.2)),
    pointwise(Elu(alpha: 1.3), hazards: [.cancellation]),
    pointwise(Selu(), hazards: [.overflow, .cancellation]),
    pointwise(Celu(alpha: 0.7), hazards: [.cancellation]),
    pointwise(Gelu(), hazards: [.underflow]),
    pointwise(Gelu(approximate: .tanh), hazards: [.underflow]),
    pointwise(Silu(), hazards: [.underflow]),
    pointwise(Softplus(), hazards: [.underflow]),
    pointwise(Mish(), hazards: [.underflow]),
    pointwise(Sigmoid(), hazards: [.underflow, .cancellation]),
    pointwise(ScaledSigmoid(), hazards: [.cancellation]),
    pointwise(HardSigmoid()),
    pointwise(HardSwish()),
    pointwise(Tanh(), hazards: [.cancellation]),
    pointwise(HardTanh()),
    pointwise(Softsign(), hazards: [.cancellation]),
    pointwise(Erf(), hazards: [.cancellation]),
    pointwise(Sin()),
    pointwise(Exp(), hazards: [.overflow, .underflow]),
    pointwise(Neg()),
    pointwise(Abs()),
    pointwise(Sign()),
    singular(Log(), hazards: [.pole, .undefined]),
    singular(Sqrt(), hazards: [.undefined]),
    singular(Reciprocal(), hazards: [.pole, .overflow]),
    singular(Root(), hazards: [.undefined]),
    singular(Root(exponent: 1.0 / 3), hazards: [.undefined]),
    pointwise(Cos()),
    pointwise(Atan(), hazards: [.cancellation]),
    pointwise(Sinh(), hazards: [.overflow]),
    pointwise(Cosh(), hazards: [.overflow]),
    pointwise(Asinh()),
    pointwise(Floor()),
    pointwise(Ceil()),
    pointwise(Round()),
    pointwise(ThresholdedRelu(alpha: 0.8)),
    pointwise(Shrink(bias: 0.25, lambd: 0.9)),
    edged(Tan(), [-0.9, -0.2, 0.4, 1.1], hazards: []),
    edged(Asin(), [-0.6, -0.2, 0.3, 0.6], hazards: [.undefined]),
    edged(Acos(), [-0.6, -0.2, 0.3, 0.6], hazards: [.undefined]),
    edged(Acosh(), [1.4, 1.9, 2.5, 4], mean: 3, hazards: [.undefined]),
    edged(Atanh(), [-0.6, -0.2, 0.3, 0.6], hazards: [.pole, .undefined]),
  ]

  static let wraps: [Specimen] = made {
    [
      pointwise(try Clip(attributes: ["min": .real(-1.2), "max": .real(2.1)])),
      pointwise(try Clip(attributes: ["max": .integer(2)])),
      pointwise(
        try Clip(attributes: ["min": .real(0), "max": .real(6), "open": .integer(1)])),
      pointwise(
        try AffineActivation(
          attributes: [
            "function": .text("leaky_relu(0.3)"), "alpha": .real(-1.4), "beta": .real(0.25),
            "gamma": .real(1.1), "delta": .real(-0.5),
          ]), hazards: [.overflow]),
      pointwise(
        try AffineActivation(Sigmoid(), gamma: 4, delta: -0.5), hazards: [.cancellation]),
    ]
  }

  static let pointwise: [Specimen] = functions + wraps

  /// The derivative of every function, and the second derivative of every smooth one.
  static let pointwiseGradients: [Specimen] = pointwise.flatMap { specimen -> [Specimen] in
    guard let function = specimen.op as? any Pointwise else { return [] }
    let x = specimen.operands[0]
    let dy = Tensor((0..<x.count).map { 0.3 + 0.17 * Double($0) }, shape: x.shape)
    return [1, 2].map { order in
      Specimen(PointwiseGradient(function, order: order), dy, x).with {
        $0.radius = specimen.radius
        $0.derivatives = 2 - order
        $0.draws?.laws = [law(mean: 0, deviation: 1)] + (specimen.draws?.laws ?? [])
        $0.range = [Interval(-2, 2), Interval(-1e9, 1e9)]
        $0.hazards = hazards(ofDerivative: order, of: function)
      }
    }
  }

  /// What the first and the second derivative do in fp16: those of smooth functions underflow in
  /// the tails, those of functions made of lines are 0 there.
  private static func hazards(ofDerivative order: Int, of function: any Pointwise)
    -> Set<Hazard.Kind>
  {
    switch function {
    case is Sinh, is Cosh: [.overflow, .undefined]
    case is Asin, is Acos: [.pole, .undefined]
    case is Acosh where order == 1: [.pole, .undefined]
    case is Acosh, is Atanh: [.pole, .undefined, .underflow]
    case is Asinh where order == 1: []
    case is Sin, is Cos, is Tan, is Shrink, is HardTanh, is HardSigmoid, is HardSwish, is LeakyRelu:
      []
    case is AffineActivation: function.kinks.isEmpty ? [.underflow] : []
    case is Exp: [.overflow, .undefined, .underflow]
    case is Sqrt where order == 1: [.pole, .undefined]
    case is Root: order == 1 ? [.undefined] : [.overflow, .undefined, .underflow]
    case is Log where order == 1: [.pole, .overflow, .undefined]
    case is any SingularAtZero: [.pole, .overflow, .undefined, .underflow]
    default: function.isExact ? [] : [.underflow]
    }
  }

  /// A list whose operators take attributes that are known to be right.
  static func made(_ list: () throws -> [Specimen]) -> [Specimen] {
    do { return try list() } catch { preconditionFailure("\(error)") }
  }
}
