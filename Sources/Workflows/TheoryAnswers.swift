public import Findings
import Networks
import Numbers
public import Operators
public import Semantics
import Theory

/// The questions of `evenkeel theory`, asked by the names that users write.
public struct TheoryAnswers: Sendable {
  private let catalogue: ActivationCatalogue

  /// Answers for the activations of `catalogue`.
  public init(catalogue: ActivationCatalogue = .standard) { self.catalogue = catalogue }

  /// Gaussian averages of an activation at pre-activation variance `q`.
  public func activation(_ name: String, q: Double) throws(InputError) -> ActivationResult {
    let function = try resolve(name)
    let moments = try told { () throws(TheoryError) in
      try ActivationMoments(of: function, q: q)
    }
    let second = moments.second
    return ActivationResult(
      activation: function.name, q: q, mean: second.mean, secondMoment: second.secondMoment,
      variance: second.variance, meanSlope: second.meanSlope,
      slopeSecondMoment: second.slopeSecondMoment, curvatureTerm: second.curvatureTerm,
      fourthMoment: moments.fourthMoment, slopeFourthMoment: moments.slopeFourthMoment,
      gainForward: 1 / second.secondMoment.squareRoot(),
      gainBackward: 1 / second.slopeSecondMoment.squareRoot(),
      basis: second.isClosedForm ? "closed_form" : "quadrature")
  }

  /// All critical points for biases of standard deviation `biasDeviation`.
  public func critical(
    _ name: String, biasDeviation: Double
  ) throws(InputError) -> CriticalResult {
    let function = try resolve(name)
    let points = try told { () throws(TheoryError) in
      try CriticalPoint.all(of: function, biasDeviation: biasDeviation)
    }
    return CriticalResult(
      activation: function.name, biasDeviation: biasDeviation,
      points: points.map { point in
        CriticalResult.Point(
          weightDeviation: point.weightDeviation, q: point.q, isStable: point.isStable,
          lengthSlope: point.lengthSlope, kind: point.kind.rawValue)
      })
  }

  /// The phase and depth scales of a network.
  public func depth(
    _ name: String, weightDeviation: Double, biasDeviation: Double
  ) throws(InputError) -> DepthResult {
    let function = try resolve(name)
    let map = try told { () throws(TheoryError) in
      try LengthMap(function, weightDeviation: weightDeviation, biasDeviation: biasDeviation)
    }
    let scales = DepthScales(map)
    return DepthResult(
      activation: function.name, weightDeviation: weightDeviation, biasDeviation: biasDeviation,
      phase: scales.phase.rawValue, q: scales.q, gradientFactor: scales.gradientFactor,
      lengthSlope: scales.lengthSlope, correlation: scales.correlation,
      correlationSlope: scales.correlationSlope, lengthScale: scales.length,
      correlationScale: scales.correlationScale, gradientScale: scales.gradient)
  }

  /// The gains at pre-activation variance 1.
  public func gains(_ name: String) throws(InputError) -> GainsResult {
    let function = try resolve(name)
    let gains = try told { () throws(TheoryError) in try Gains(of: function) }
    return GainsResult(
      activation: function.name, gainForward: gains.forward, gainBackward: gains.backward,
      gainVariance: gains.variance, pytorchGain: gains.pytorch,
      gradientFactor: gains.layerNormRate, lengthSlope: gains.lengthSlope,
      batchNormRate: gains.batchNormRate, layerNormRate: gains.layerNormRate,
      forwardSpread: gains.moments.forwardSpread, backwardSpread: gains.moments.backwardSpread)
  }

  /// The target of a shaped activation: nil takes the method's usual value.
  public struct ShapeTarget: Hashable, Sendable {
    public enum Method: String, CaseIterable, Sendable {
      /// Deep kernel shaping, to the slope ζ.
      case dks
      /// Tailored activation transformation, to the curvature τ or, for leaky relu, to η.
      case tat
    }

    public var method: Method
    public var zeta: Double?
    public var tau: Double?
    public var eta: Double?

    public init(
      _ method: Method, zeta: Double? = nil, tau: Double? = nil, eta: Double? = nil
    ) {
      self.method = method
      self.zeta = zeta
      self.tau = tau
      self.eta = eta
    }
  }

  /// An activation shaped for a chain of `depth` nonlinear layers.
  public func shape(
    _ name: String, target: ShapeTarget, depth: Int
  ) throws(InputError) -> ShapeResult {
    let function = try resolve(name)
    let method: ShapedActivation.Method
    switch target.method {
    case .dks:
      guard target.tau == nil, target.eta == nil else {
        throw InputError("tau and eta are targets of tat; give --zeta, or --method tat")
      }
      method = .deepKernelShaping(zeta: target.zeta ?? 1.5)
    case .tat:
      guard target.zeta == nil else {
        throw InputError("zeta is the target of dks; give --tau or --eta, or --method dks")
      }
      method = .tailored(tau: target.tau ?? 0.3, eta: target.eta ?? 0.9)
    }
    let shaped = try told { () throws(TheoryError) in
      try ShapedActivation(function, method: method, depth: depth)
    }
    let used: (name: String, value: Double)
    switch method {
    case .deepKernelShaping(let zeta): used = ("zeta", zeta)
    case .tailored(let tau, let eta):
      used = shaped.negativeSlope == nil ? ("tau", tau) : ("eta", eta)
      let unused = shaped.negativeSlope == nil ? target.eta : target.tau
      guard unused == nil else {
        throw InputError(
          "\(name) is shaped to \(used.name); give --\(used.name) instead of "
            + (used.name == "tau" ? "--eta" : "--tau"))
      }
    }
    return ShapeResult(
      activation: shaped.activation, method: target.method.rawValue, depth: depth,
      targetName: used.name, target: used.value, alpha: shaped.alpha, beta: shaped.beta,
      gamma: shaped.gamma, delta: shaped.delta, negativeSlope: shaped.negativeSlope,
      residual: shaped.residual)
  }

  /// The activation written as `text`, or an error that names the nearest ones.
  private func resolve(_ text: String) throws(InputError) -> any ScalarFunction {
    do {
      return try catalogue.activation(text)
    } catch {
      guard error.code == .unknownOperator else { throw InputError(error.description) }
      let names = catalogue.entries.map(\.name)
      let cure =
        nearestName(to: error.name, among: names).map { "did you mean '\($0)'?" }
        ?? "choose one of \(names.joined(separator: ", "))"
      throw InputError("there is no activation '\(error.name)'; \(cure)")
    }
  }

  /// Turns the theory's errors into errors of the input.
  private func told<Answer>(
    _ question: () throws(TheoryError) -> Answer
  ) throws(InputError) -> Answer {
    do {
      return try question()
    } catch {
      throw InputError(error.description)
    }
  }
}
