package import Findings
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Semantics
import Tensors

/// Inputs divided by their root mean square, where that is far from the 1 that starts of weights assume.
///
/// It changes what the model computes, so it is for models that are not trained yet. What scales the data
/// outside of the model does the same.
package struct ScaledInputs: ModelRemedy {
  package let name = "scaled_inputs"
  package let answers: Set<RuleName> = [
    .explodingActivation, .explodingGradient, .overflow, .nonFinite, .saturatedUnits, .badInput,
  ]
  package let effort = 4

  /// Root mean squares from which on an input is divided.
  private static let least = 30.0

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let graph = patient.model.graph
    var scales: [(name: String, size: Double, greatest: Double)] = []
    for value in graph.inputs where graph.type(of: value).kind == .real {
      let tensor = Tensor(zeros: graph.type(of: value).shape, .float64)
      patient.fill(value, tensor, patient.seeds[0])
      let summary = Summary(of: tensor.elements(as: Double.self))
      let size = summary.secondMoment.squareRoot()
      guard size.isFinite, size > Self.least else { continue }
      let greatest = max(summary.maximum.magnitude, summary.minimum.magnitude)
      scales.append((graph.name(of: value), size, greatest))
    }
    guard !scales.isEmpty else { return [] }
    var message = patient.file.message
    message.editBodies { body in
      guard body.isMainGraph else { return }
      let view = BodyView(body, of: patient.file, types: patient.model.types)
      for scale in scales {
        guard let type = view.type(scale.name),
          let first = body.nodes.first(where: { $0.input.contains(scale.name) })
        else { continue }
        let (factor, scaled) = (
          body.freshName("\(scale.name)_scale"), body.freshName("\(scale.name)_scaled")
        )
        for i in body.nodes.indices {
          for j in body.nodes[i].input.indices where body.nodes[i].input[j] == scale.name {
            body.nodes[i].input[j] = scaled
          }
        }
        body.nodes.insert(
          contentsOf: [
            body.scalar(scale.size, type, factor, near: first),
            body.node("Div", [scale.name, factor], scaled, near: first),
          ], at: 0)
      }
    }
    let list = scales.map {
      "\($0.name), whose elements go up to \(Numerals.short($0.greatest)), by its root mean square of "
        + Numerals.short($0.size)
    }
    return [
      ModelChange(
        self, "divide the input " + list.joined(separator: " and "),
        ModelFile(message, editedFrom: patient.file), isExact: false, keepsOutputs: false)
    ]
  }
}
