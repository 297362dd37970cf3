import Graphs
public import Networks
import Numbers
import Semantics
import Synchronization
import Tensors

/// What weights that start by looking at data are multiplied with, by the seed of the batch.
private final class CalibratedFactors: Sendable {
  private let calibration: Calibration
  private let drawn: Subject
  private let inputs: Set<Value>
  private let known = Mutex<[UInt64: [Value: Double]]>([:])

  init(_ calibration: Calibration, _ drawn: Subject) {
    self.calibration = calibration
    self.drawn = drawn
    inputs = Set(drawn.graph.inputs)
  }

  func factors(seed: UInt64) -> [Value: Double] {
    if let factors = known.withLock({ $0[seed] }) { return factors }
    let factors = calibration.factors { value, tensor in
      if inputs.contains(value) {
        drawn.fillInput(value, tensor, seed)
      } else {
        drawn.fillParameter(value, tensor, seed)
      }
    }
    known.withLock { $0[seed] = factors }
    return factors
  }
}

extension Subject {
  /// A network described in YAML or Swift, as analyses see it.
  ///
  /// - Parameters:
  ///   - network: the network.
  ///   - seed: of the batch that weights which start by looking at data are predicted for.
  public init(_ network: LoweredNetwork, seed: UInt64 = 0) {
    let drawn = Subject(drawing: network)
    guard let calibration = Calibration(of: network) else {
      self = drawn
      return
    }
    let calibrated = CalibratedFactors(calibration, drawn)
    let factors = calibrated.factors(seed: seed)
    self.init(
      graph: drawn.graph, output: drawn.output, layers: drawn.layers,
      parameterMoments: Dictionary(
        uniqueKeysWithValues: drawn.parameterMoments.map { value, moments in
          (value, moments.scaled(by: factors[value] ?? 1))
        }),
      fillParameter: { value, tensor, seed in
        drawn.fillParameter(value, tensor, seed)
        if let factor = calibrated.factors(seed: seed)[value] { tensor.scaleReals(by: factor) }
      },
      fillInput: drawn.fillInput)
  }

  /// The network with its parameters as the rules draw them, before any looks at data.
  private init(drawing network: LoweredNetwork) {
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
