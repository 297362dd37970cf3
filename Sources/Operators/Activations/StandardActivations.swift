public import Semantics

extension ActivationCatalogue {
  /// Every activation that users may name.
  public static let standard = ActivationCatalogue([
    plain("linear", Linear()),
    plain("relu", Relu()),
    plain("selu", Selu()),
    plain("gelu", Gelu()),
    plain("gelu_tanh", Gelu(approximate: .tanh)),
    plain("silu", Silu()),
    plain("softplus", Softplus()),
    plain("mish", Mish()),
    plain("sigmoid", Sigmoid()),
    plain("scaled_sigmoid", ScaledSigmoid()),
    plain("hard_sigmoid", HardSigmoid()),
    plain("hard_swish", HardSwish()),
    plain("tanh", Tanh()),
    plain("hard_tanh", HardTanh()),
    plain("softsign", Softsign()),
    plain("erf", Erf()),
    plain("sin", Sin()),
    plain("exponential", Exp()),
    parametric("leaky_relu", LeakyRelu.self, fallback: 0.01),
    parametric("elu", Elu.self, fallback: 1, refusesNegative: true),
    parametric("celu", Celu.self, fallback: 1),
  ])

  private static func plain(_ name: String, _ activation: some Pointwise) -> Entry {
    Entry(name) { _ throws(OperatorError) in activation }
  }

  /// An activation with one parameter, which is the operator's attribute `alpha`.
  private static func parametric<A: Pointwise>(
    _ name: String, _ type: A.Type, fallback: Double, refusesNegative: Bool = false
  ) -> Entry {
    Entry(name, [("alpha", fallback)]) { parameters throws(OperatorError) in
      guard !refusesNegative || parameters[0] >= 0 else {
        throw OperatorError(
          .invalidAttribute, in: name, "the parameter is \(parameters[0]); give at least 0")
      }
      return try A(attributes: ["alpha": .real(parameters[0])])
    }
  }
}
