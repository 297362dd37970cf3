public import Networks
import Numbers
import Semantics
import Tensors

extension Subject {
  /// A network described in YAML or Swift, as analyses see it.
  public init(_ network: LoweredNetwork) {
    let parameters = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.value, $0) })
    let inputs = Dictionary(uniqueKeysWithValues: network.inputs.map { ($0.value, $0) })
    self.init(
      graph: network.graph, output: network.output,
      layers: network.layers.map {
        Layer(
          name: $0.name, operators: $0.operators, output: $0.output, weights: $0.weights,
          steps: $0.steps)
      },
      parameterMoments: parameters.mapValues(\.moments),
      fillParameter: { value, tensor, seed in parameters[value]?.fill(tensor, seed: seed) },
      fillInput: { value, tensor, seed in inputs[value]?.fill(tensor, seed: seed) })
  }
}
