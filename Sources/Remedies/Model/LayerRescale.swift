package import Findings
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import Tensors

/// Weights and biases divided by the root mean square of what they give, layer by layer in forward order:
/// what was trained stays up to one factor per layer.
///
/// It is the division of layer-sequential unit variance (Mishkin and Matas 2016) on weights as they are.
/// Products that end one of L residual branches are brought to a second moment of 1/L.
package struct LayerRescale: ModelRemedy {
  package let name = "layer_rescale"
  package let answers = Set<RuleName>.spread
  package let effort = 5

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRescale else { return [] }
    let factors = LayerFactors(patient)
    guard !factors.contents.isEmpty, let file = patient.file.replacing(factors.contents) else {
      return []
    }
    let count = factors.count
    return [
      ModelChange(
        self,
        "divide the weights and biases of \(count) \(count == 1 ? "layer" : "layers") by the root mean "
          + "square of what they give, so that each gives second moment 1", file, isExact: false,
        keepsOutputs: false)
    ]
  }
}

/// The factors, found in one pass over the graph in doubles.
private struct LayerFactors {
  private(set) var contents: [String: Tensor] = [:]
  private(set) var count = 0
  /// Second moments that are left as they are, against the one aimed at.
  private static let accepted = 0.5...2.0

  init(_ patient: ModelPatient) {
    let graph = patient.model.graph
    let found = ModelWeights(patient.model)
    var waiting: [Value: ModelWeights.Weight] = [:]
    for weight in found.weights { waiting[weight.parameter] = weight }
    let biases = Set(found.biases)
    var readers: [Value: Graph.Node] = [:]
    for node in graph.nodes.reversed() { for operand in node.operands { readers[operand] = node } }
    var factors: [Value: Double] = [:]
    var count = 0
    var pass = ForwardPass(patient, seed: patient.seeds[0])
    pass.run(keeping: { found.sources[$0] != nil }) { pass, computed in
      let node = computed.node
      guard node.op is any SumOfProducts,
        let parameter = node.operands.prefix(2).compactMap({ found.sources[$0] }).first,
        let weight = waiting[parameter]
      else { return }
      let aim = weight.endsBranch && found.branches > 1 ? 1 / Double(found.branches) : 1
      let moment = Summary(of: computed.results[0].elements(as: Double.self)).secondMoment
      // Nothing has come through yet, such as before the first step of a recurrent layer.
      guard moment > 0, moment.isFinite else { return }
      waiting[parameter] = nil
      guard !Self.accepted.contains(moment / aim) else { return }
      let factor = (aim / moment).squareRoot()
      factors[parameter] = factor
      count += 1
      var scaled = [parameter]
      if let bias = Self.bias(of: node, readers, found.sources),
        biases.contains(bias), factors[bias] == nil
      {
        factors[bias] = factor
        scaled.append(bias)
      }
      for (value, tensor) in pass.tensors {
        guard let source = found.sources[value], scaled.contains(source) else { continue }
        tensor.multiply(by: factor)
      }
      computed.again()
    }
    self.count = count
    for (value, factor) in factors {
      guard let own = patient.model.contents[value] else { continue }
      contents[graph.name(of: value)] = own.scaled(by: factor)
    }
  }

  /// The parameter that is added to a product, in it or right after it.
  private static func bias(
    of node: Graph.Node, _ readers: [Value: Graph.Node], _ sources: [Value: Value]
  ) -> Value? {
    if node.operands.count > 2 { return sources[node.operands[2]] }
    guard let sum = node.results.first.flatMap({ readers[$0] }), sum.op is Add else { return nil }
    return sum.operands.compactMap { sources[$0] }.first
  }
}

extension Tensor {
  fileprivate func multiply(by factor: Double) {
    let elements = elements(as: Double.self)
    for i in elements.indices { elements[i] *= factor }
  }
}
