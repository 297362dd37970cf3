import Numbers
import RealModule
import Tensors
import Testing

@testable import Training

/// Clipping and the other treatments, against PyTorch and the formulas of the papers in double
/// precision (Scripts/reference/gradients.py).
@Suite struct GradientTests {
  static let names = [
    "value", "norm", "global_norm", "adaptive", "regularization", "centralization",
  ]

  /// Tensors of 2 × 3 and 4 numbers, with weights and gradients of those amplitudes.
  static func parameters(
    weight: Double = 0.125, gradient: Double = 0.5
  ) -> [TrainedParameter] {
    var count = 0
    return [[2, 3], [4]].enumerated().map { number, shape in
      let parameter = TrainedParameter(
        name: "w\(number)", weight: Tensor(zeros: Shape(shape), .float32),
        gradient: Tensor(zeros: Shape(shape), .float32))
      for i in 0..<parameter.weight.count {
        let place = Double(count + i)
        parameter.weight.elements(as: Float.self)[i] =
          Float(weight * .cos(0.8 * place) * (1 + place))
        parameter.gradient.elements(as: Float.self)[i] =
          Float(gradient * .cos(1.3 * place) * (1 + place))
      }
      count += parameter.weight.count
      return parameter
    }
  }

  static func norms(_ parameters: [TrainedParameter]) -> [Double] {
    parameters.map { values(of: [$0]).reduce(0) { $0 + $1 * $1 }.squareRoot() }
  }

  static func values(of parameters: [TrainedParameter]) -> [Double] {
    parameters.flatMap { parameter in
      let elements = parameter.gradient.elements(as: Float.self)
      return elements.indices.map { Double(elements[$0]) }
    }
  }

  @Test(arguments: names) func gradientsAreThoseOfTheReference(_ name: String) throws {
    let lines = ReferenceLine.all(in: "gradients.csv").filter { $0.name == name }
    #expect(!lines.isEmpty)
    for line in lines {
      let parameters = Self.parameters()
      if ClippingCatalogue.names.contains(name) {
        let clipping = try ClippingCatalogue.clipping(name, options: line.options)
        let before = Self.values(of: parameters)
        let outcome = clipping.clip(parameters, norms: Self.norms(parameters))
        // The least factor of an element, which is what the reference's values give.
        let least = zip(line.values, before).map { $0 / $1 }.min() ?? .nan
        #expect((outcome.coefficient - least).magnitude < 1e-6 * least)
        #expect((outcome.dominant == nil) == (least > 0.999999))
      } else {
        let treatment = try TreatmentCatalogue.treatment(name, options: line.options)
        treatment.apply(
          to: parameters,
          TreatmentContext(step: 0, seed: 0, norms: Self.norms(parameters)))
      }
      for (value, expected) in zip(Self.values(of: parameters), line.values) {
        // Two roundings to single precision, of numbers up to 6.
        #expect((value - expected).magnitude < 5e-7 * max(1, expected.magnitude), "\(line.options)")
      }
    }
  }

  /// Norms that single precision cannot hold are no norms of infinity or 0.
  @Test(arguments: ["value", "norm", "global_norm", "adaptive"], [1e37, 1e-38])
  func extremeGradientsAreClippedExactly(_ name: String, _ amplitude: Double) throws {
    let limit = amplitude * 1e-3
    let parameters = Self.parameters(weight: amplitude, gradient: amplitude)
    let ordinary = Self.parameters(weight: 1, gradient: 1)
    func clip(_ parameters: [TrainedParameter], limit: Double) throws {
      var options = ["limit": name == "adaptive" ? 1e-3 : limit]
      if name == "adaptive" { options["epsilon"] = 0 }
      _ = try ClippingCatalogue.clipping(name, options: options)
        .clip(parameters, norms: Self.norms(parameters))
    }
    // The small number that is added to a norm is none among these.
    if amplitude < 1, name.hasSuffix("norm") { return }
    try clip(parameters, limit: limit)
    try clip(ordinary, limit: 1e-3)
    // Numbers below 1e-38 are kept with an absolute error of 1.4e-45.
    let tolerance = amplitude < 1 ? 1e-3 : 3e-6
    for (value, expected) in zip(Self.values(of: parameters), Self.values(of: ordinary)) {
      #expect(value.isFinite && (value / amplitude - expected).magnitude <= tolerance * 1e-3)
    }
  }

  @Test(arguments: [1e-30, 1.0, 1e30], [1e-44, 1.0, 1e36])
  func normalizationReachesItsNumber(_ goal: Double, _ amplitude: Double) throws {
    for isGlobal in [false, true] {
      let parameters = Self.parameters(gradient: amplitude)
      let treatment = try TreatmentCatalogue.treatment(
        "normalization", options: ["rms": goal, "global": isGlobal ? 1 : 0])
      treatment.apply(
        to: parameters, TreatmentContext(step: 0, seed: 0, norms: Self.norms(parameters)))
      for group in isGlobal ? [parameters] : parameters.map({ [$0] }) {
        let values = Self.values(of: group)
        let reached = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
        #expect((reached / goal - 1).magnitude < 1e-6)
      }
    }
  }

  @Test func gradientsOfZeroStay() throws {
    for type in TreatmentCatalogue.all where type.name != "noise" {
      let parameters = Self.parameters(weight: 0, gradient: 0)
      type.init().apply(
        to: parameters, TreatmentContext(step: 0, seed: 0, norms: Self.norms(parameters)))
      #expect(Self.values(of: parameters).allSatisfy { $0 == 0 })
    }
  }

  /// Mean 0 and variance η/(1 + t)^γ within four standard errors, and other numbers in each step.
  @Test(arguments: [0, 99]) func noiseHasItsVariance(_ step: Int) throws {
    let count = 40_000
    let parameter = TrainedParameter(
      name: "w", weight: Tensor(zeros: [count], .float32),
      gradient: Tensor(zeros: [count], .float32))
    var noise = GradientNoise()
    (noise.eta, noise.gamma) = (0.3, 0.55)
    noise.apply(to: [parameter], TreatmentContext(step: step, seed: 3, norms: [0]))
    let values = Self.values(of: [parameter])
    let variance = 0.3 / Double.pow(Double(1 + step), 0.55)
    let n = Double(count)
    let mean = values.reduce(0, +) / n
    let square = values.reduce(0) { $0 + $1 * $1 } / n
    #expect(mean.magnitude < 4 * (variance / n).squareRoot())
    #expect((square / variance - 1).magnitude < 4 * (2 / n).squareRoot())
    let again = TrainedParameter(
      name: "w", weight: parameter.weight, gradient: Tensor(zeros: [count], .float32))
    noise.apply(to: [again], TreatmentContext(step: step + 1, seed: 3, norms: [0]))
    let products: [Double] = zip(Self.values(of: [again]), values).map { $0 * $1 }
    let correlation = products.reduce(0, +) / n
    #expect(correlation.magnitude < 4 * variance / n.squareRoot())
  }

  /// The regularisation's gradient is the derivative of its loss.
  @Test func regularizationFollowsItsLoss() throws {
    var regularization = Regularization()
    (regularization.l1, regularization.l2) = (0.25, 0.5)
    let parameters = Self.parameters(gradient: 0)
    regularization.apply(to: parameters, TreatmentContext(step: 0, seed: 0, norms: [0, 0]))
    let weight = parameters[1].weight.elements(as: Float.self)
    let slope = Double(parameters[1].gradient.elements(as: Float.self)[2])
    let place = weight[2]
    let h: Float = 0x1p-8
    weight[2] = place + h
    let above = regularization.loss(of: parameters)
    weight[2] = place - h
    let below = regularization.loss(of: parameters)
    #expect(((above - below) / Double(2 * h) - slope).magnitude < 1e-5)
  }
}
