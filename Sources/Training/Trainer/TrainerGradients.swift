import Findings
import Graphs
import Networks
import Numbers
import Operators
import Samples
import Semantics
import Tensors

extension Trainer {
  /// Computes the loss and the mean gradient over the batches of a step, with the loss scale in it.
  ///
  /// - Returns: what was not finite first.
  func computeGradients(scale: Double) -> StepRecord.Refusal? {
    let count = settings.accumulation
    for part in 0..<count {
      let number = step * count + part
      let samples = batches.indices(ofStep: number)
      feed.fill(samples) { model[$0] }
      let masks = UInt32(truncatingIfNeeded: number)
      for input in network.auxiliaryInputs {
        let stream = RandomStream(seed: settings.seed, name: input.name)
        input.fill(model[input.value], from: stream.substream(masks))
      }
      let loss = model.computeGradients()
      record.loss += Double(loss) / Double(count)
      if !loss.isFinite || !areGradientsFinite {
        return refusal(samples, loss: loss)
      }
      if count > 1 { accumulate(isFirst: part == 0, share: 1 / Float(count)) }
    }
    if count > 1 {
      for (number, parameter) in model.parameters.enumerated() {
        VectorKernels.scale(
          sums[number], by: 1, into: parameter.gradient.elements(as: Float.self))
      }
    }
    return nil
  }

  private var areGradientsFinite: Bool {
    model.parameters.indices.allSatisfy {
      model.gradientSummary(ofParameter: $0)?.nonFinite == 0
    }
  }

  private func accumulate(isFirst: Bool, share: Float) {
    for (number, parameter) in model.parameters.enumerated() {
      let gradient = parameter.gradient.elements(as: Float.self)
      if isFirst {
        VectorKernels.scale(gradient, by: share, into: sums[number])
      } else {
        VectorKernels.accumulate(gradient, times: share, into: sums[number])
      }
    }
  }

  /// Names the first tensor that was not finite, in the order in which they were filled and computed.
  private func refusal(_ samples: ArraySlice<Int>, loss: Float) -> StepRecord.Refusal {
    if let found = feed.firstNonFinite(in: samples) {
      return StepRecord.Refusal(
        place: .input, tensor: feed.dataset.place(ofSample: found.sample),
        nanCount: found.nans, infinityCount: found.infinities)
    }
    for parameter in network.parameters {
      let seen = Summary(of: model.tensorRead(for: parameter.value).elements(as: Float.self))
      guard seen.nonFinite > 0 else { continue }
      return StepRecord.Refusal(.weight, parameter.name, seen)
    }
    guard let first = model.firstNonFinite() else {
      return StepRecord.Refusal(
        place: .loss, tensor: "loss", nanCount: loss.isNaN ? 1 : 0,
        infinityCount: loss.isInfinite ? 1 : 0)
    }
    guard let origin = model.origin(of: first.value) else {
      return StepRecord.Refusal(
        first.isBackward ? .cotangent : .activation, model.name(of: first.value), first.summary)
    }
    if let parameter = network.parameters.first(where: { $0.value == origin }) {
      return StepRecord.Refusal(.gradient, parameter.name, first.summary)
    }
    let place: StepRecord.Refusal.Place =
      first.isBackward ? .cotangent : placeName(of: origin) == "loss" ? .loss : .activation
    return StepRecord.Refusal(place, placeName(of: origin), first.summary)
  }

  /// The layer that a value of the network belongs to; what comes behind the last one is the loss.
  func placeName(of value: Value) -> String {
    guard let number = network.graph.nodes.firstIndex(where: { $0.results.contains(value) }) else {
      return network.graph.name(of: value)
    }
    return network.layers.first { $0.nodes.contains(number) }?.name ?? "loss"
  }

  /// Divides by the loss scale, and does to gradients what the settings ask for.
  func treatGradients(scale: Double) {
    let parameters = model.parameters
    if scale != 1 {
      for parameter in parameters {
        Training.scale(parameter.gradient.elements(as: Float.self), by: 1 / scale)
      }
    }
    for treatment in settings.treatments {
      treatment.apply(
        to: parameters, TreatmentContext(step: step, seed: settings.seed, norms: norms))
      measureNorms()
    }
    if let clipping = settings.clipping {
      let outcome = clipping.clip(parameters, norms: norms)
      record.clipCoefficient = outcome.coefficient
      record.clipDominant = outcome.dominant.map { parameters[$0].name }
    }
    guard settings.treatments.isEmpty, settings.accumulation == 1 else { return }
    // Clipping makes nothing greater, so that what was seen bounds what is left.
    for number in parameters.indices {
      guard let seen = model.gradientSummary(ofParameter: number), seen.count > 0 else { continue }
      // A rounding up when gradients were divided by a scale that is no power of two.
      model.updates.setGradientBound(
        seen.greatestMagnitude / scale * (1 + 0x1p-20), parameter: number)
    }
  }

  private func measureNorms() {
    for (number, parameter) in model.parameters.enumerated() {
      norms[number] = Summary(of: parameter.gradient.elements(as: Float.self)).norm
    }
  }

  /// Why no loss scale can serve the gradients as they are; nil where one can.
  ///
  /// Looks at a step in single precision, with the weights and the batch of the last one.
  func scaleVerdict() -> String? {
    guard
      let single = try? TrainingStep(
        network, adding: { Add() }, optimizer: settings.optimizer, isWatched: true)
    else { return nil }
    for parameter in network.parameters {
      single[parameter.value].copyBytes(from: model.tensorRead(for: parameter.value))
    }
    for input in network.inputs + network.auxiliaryInputs {
      single[input.value].copyBytes(from: model[input.value])
    }
    _ = single.computeGradients()
    let format = settings.precision.backwardFormat ?? settings.precision.format
    return ScaleWindow(of: single.backwardSummaries(), in: format).refusal
  }
}

extension StepRecord.Refusal {
  init(_ place: Place, _ tensor: String, _ summary: Summary) {
    self.init(
      place: place, tensor: tensor, nanCount: summary.nanCount,
      infinityCount: summary.positiveInfinities + summary.negativeInfinities)
  }
}
