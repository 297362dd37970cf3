package import Findings
import Graphs
import Networks
import Numbers
import ONNX
import Semantics
import Tensors

/// Weights drawn anew by what follows them, biases 0: for models that are not trained yet.
///
/// The variance is He's before rectifiers and Xavier's elsewhere. The last weights of residual branches are
/// divided by the square root of the number of branches, so that their sum does not grow with depth
/// (Hayou and others 2021).
package struct StandardWeights: ModelRemedy {
  package let name = "standard_init"
  package let answers = Set<RuleName>.spread.union([.deadUnits])
  package let effort = 6

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let draw = WeightDraw(patient) { target in
      guard let activation = target.activation, activation.isRectifier else {
        return VarianceScaling(.xavier, .normal)
      }
      return VarianceScaling(.he, .normal, slope: min(1, abs(activation.slope(at: -1e3))))
    }
    guard let file = draw.file else { return [] }
    return [
      ModelChange(
        self,
        "draw \(draw.description) anew, normal with He's variance before rectifiers and "
          + "Xavier's elsewhere, and set biases to 0\(draw.scale)", file, isExact: false,
        keepsOutputs: false)
    ]
  }
}

/// Weights whose variance is what each layer's own activation asks for, so that second moments stay.
package struct ActivationGainWeights: ModelRemedy {
  package let name = "activation_gain_init"
  package let answers = Set<RuleName>.spread
  package let effort = 7

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let draw = WeightDraw(patient) { _ in VarianceScaling(.activationGain, .normal) }
    guard let file = draw.file else { return [] }
    return [
      ModelChange(
        self,
        "draw \(draw.description) anew, normal with the variance that the activation after "
          + "each asks for, and set biases to 0\(draw.scale)", file, isExact: false,
        keepsOutputs: false)
    ]
  }
}

/// Orthogonal weights times the gain of what follows them, which keep the length of every vector.
package struct OrthogonalWeights: ModelRemedy {
  package let name = "orthogonal_init"
  package let answers = Set<RuleName>.spread
  package let effort = 8

  /// Sides of matrices up to which the decomposition takes seconds.
  private static let largestSide = 1024

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let draw = WeightDraw(patient) { target in
      let isRectified = target.activation?.isRectifier ?? false
      let orthogonal = OrthogonalInitializer(gain: .factor(isRectified ? 2.0.squareRoot() : 1))
      let extents = target.shape.extents
      let columns = extents.dropFirst().reduce(1, *)
      guard extents.count == 2 || extents.count > 3, min(extents[0], columns) <= Self.largestSide,
        orthogonal.refusal(for: target) == nil
      else { return VarianceScaling(isRectified ? .he : .xavier, .normal) }
      return orthogonal
    }
    guard let file = draw.file else { return [] }
    return [
      ModelChange(
        self,
        "draw \(draw.description) anew, orthogonal times sqrt(2) before rectifiers and times "
          + "1 elsewhere, and set biases to 0\(draw.scale)", file, isExact: false,
        keepsOutputs: false)
    ]
  }
}

/// New weights of a model by a rule for each.
private struct WeightDraw {
  let file: ModelFile?
  let description: String
  /// What the sentence says of residual branches.
  let scale: String

  init(_ patient: ModelPatient, _ rule: (ParameterTarget) -> any Initializer) {
    let found = ModelWeights(patient.model)
    var contents: [String: Tensor] = [:]
    let divisor = Double(max(1, found.branches)).squareRoot()
    var divided = 0
    for weight in found.weights {
      let tensor = Tensor(zeros: weight.target.shape, .float64)
      rule(weight.target).fill(
        tensor, for: weight.target, from: RandomStream(seed: patient.seeds[0], name: weight.name))
      let isDivided = weight.endsBranch && found.branches > 1
      if isDivided { divided += 1 }
      contents[weight.name] = isDivided ? tensor.scaled(by: 1 / divisor) : tensor
    }
    for bias in found.biases {
      let graph = patient.model.graph
      contents[graph.name(of: bias)] = Tensor(zeros: graph.type(of: bias).shape, .float64)
    }
    file = found.weights.isEmpty ? nil : patient.file.replacing(contents)
    description = "\(found.weights.count) weights"
    scale =
      divided > 0
      ? ", the last weights of \(found.branches) residual branches divided by "
        + "sqrt(\(found.branches))" : ""
  }
}

extension ScalarFunction {
  /// Whether the function is 0, or nearly, far below 0 and grows like its operand above.
  var isRectifier: Bool {
    abs(slope(at: 30) - 1) < 0.1 && abs(slope(at: -30)) < 0.9 && abs(value(at: -30)) < 27
  }
}
