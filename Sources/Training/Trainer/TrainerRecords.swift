import Findings
import Networks
import Tensors

extension StepRecord {
  /// A record with a place for every layer and parameter.
  init(of network: LoweredNetwork, parameters: [TrainedParameter]) {
    let nothing = TensorHealth(Summary())
    self.init(
      step: 0, loss: 0, learningRate: 0, gradientNorm: 0,
      layers: network.layers.map {
        LayerHealth(name: $0.name, activation: nothing, gradient: nil)
      },
      parameters: parameters.map {
        ParameterHealth(name: $0.name, weight: nothing, gradient: nothing)
      })
  }

  /// Begins anew; what layers and parameters hold is written over later.
  mutating func clear(step: Int) {
    self.step = step
    loss = 0
    gradientNorm = 0
    (clipCoefficient, clipDominant, refusal) = (nil, nil, nil)
  }
}

extension Trainer {
  /// Writes what was seen of activations, cotangents and gradients.
  func recordGradients(scale: Double) {
    for (number, layer) in layers.enumerated() {
      let seen = model.summaries(of: layer.output)
      if let value = seen.value { record.layers[number].activation = .init(value) }
      record.layers[number].gradient = seen.cotangent.map { .init($0, dividedBy: scale) }
      record.layers[number].saturatedShare = layer.saturation.flatMap { saturation in
        saturation.share { model.summaries(of: $0).value }
      }
    }
    var sum = 0.0
    for (number, parameter) in model.parameters.enumerated() {
      let seen =
        settings.accumulation == 1 || record.loss.isNaN
        ? model.gradientSummary(ofParameter: number) : nil
      let summary = seen ?? Summary(of: parameter.gradient.elements(as: Float.self))
      record.parameters[number].gradient = .init(summary, dividedBy: scale)
      norms[number] = summary.norm / scale
      sum += norms[number] * norms[number]
    }
    record.gradientNorm = sum.squareRoot()
  }

  /// Writes what was seen of weights and updates.
  func recordWeights() {
    let isRefused = record.refusal != nil
    for (number, parameter) in model.parameters.enumerated() {
      if let seen = model.summaries(ofParameter: number) {
        let changed = seen.update.count - seen.update.zeros
        record.parameters[number].weight = .init(seen.weight)
        record.parameters[number].update = isRefused ? nil : .init(seen.update)
        record.parameters[number].lostShare =
          isRefused ? nil : changed == 0 ? 0 : Double(seen.lost) / Double(changed)
      } else {
        let weight = parameter.weight.elements(as: Float.self)
        record.parameters[number].weight = .init(Summary(of: weight))
        record.parameters[number].update = nil
        record.parameters[number].lostShare = nil
      }
    }
  }
}
