package import Findings
import Numbers
import ONNX
import ONNXMessages

/// The usual epsilon in normalisations whose own is 0, or becomes 0 in the data type.
package struct RaisedNormEpsilon: ModelRemedy {
  package let name = "norm_epsilon"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 2

  private static let usual = 1e-5
  /// Norms of constant rows with less than this have gradients of 1,000 and more.
  private static let least = 1e-6

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    let explodes = !patient.rules.isDisjoint(with: [.explodingGradient, .overflow])
    return [0, Self.least].enumerated().compactMap { number, limit in
      guard number == 0 || explodes else { return nil }
      let rewriting = NodeRewriting(of: patient) { node, view in
        guard Self.isNorm(node, view) else { return nil }
        guard let place = node.attribute.firstIndex(where: { $0.name == "epsilon" }),
          node.attribute[place].refAttrName.isEmpty
        else { return nil }
        let epsilon = Double(node.attribute[place].f)
        let format = node.input.first.flatMap { view.type($0)?.format } ?? .fp32
        guard epsilon <= 0 || format.rounded(epsilon) == 0 || epsilon < limit else { return nil }
        var changed = node
        changed.attribute[place].f = Float(Self.usual)
        return [changed]
      }
      guard let file = rewriting.file else { return nil }
      return ModelChange(
        self, "raise the epsilon of normalisations to 1e-5" + rewriting.places, file,
        isExact: false, extraEffort: number)
    }
  }

  private static func isNorm(_ node: Onnx_NodeProto, _ view: BodyView) -> Bool {
    view.body.isStandard(
      node, "LayerNormalization", "BatchNormalization", "InstanceNormalization",
      "GroupNormalization", "RMSNormalization")
      || node.domain == "com.microsoft"
        && [
          "SkipLayerNormalization", "SimplifiedLayerNormalization",
          "SkipSimplifiedLayerNormalization",
        ].contains(node.opType)
      || view.body.isStandard(node, "SimplifiedLayerNormalization")
  }
}
