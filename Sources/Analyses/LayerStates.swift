import Graphs
import Semantics
import Tensors

/// Gathers what is known of every layer.
struct LayerStates {
  private let differentiated: DifferentiatedSubject
  private let prediction: Prediction
  private let series: DrawSeries
  private let factors: OperatorFactors
  private let layerOf: LayerFinder

  init(
    _ differentiated: DifferentiatedSubject, _ prediction: Prediction, _ series: DrawSeries
  ) {
    self.differentiated = differentiated
    self.prediction = prediction
    self.series = series
    factors = OperatorFactors(differentiated, series.all)
    layerOf = LayerFinder(differentiated.subject)
  }

  /// The second moment of the gradient that all others are measured by; 1 where none is known.
  var gradientScale: Double {
    guard let head = differentiated.headCotangent, let summary = series.first[head],
      summary.nonFinite == 0, summary.secondMoment > 0
    else { return 1 }
    return summary.secondMoment
  }

  func state(_ index: Int, _ layer: Subject.Layer) -> LayerState {
    let weights = layer.weights.compactMap { differentiated.cotangents[$0] }
      .compactMap { series.first[$0] }
    let next = differentiated.subject.layers.dropFirst(index + 1).first
    return LayerState(
      index: index + 1, name: layer.name, operators: layer.operators,
      activation: state(layer.output), gradient: state(differentiated.cotangents[layer.output]),
      weightGradient: weights.reduce(into: nil as Summary?) { merged, summary in
        if merged == nil { merged = summary } else { merged?.merge(summary) }
      },
      felt: felt(by: layer), head: head(of: layer),
      headGradient: headGradient(of: layer),
      units: series.units[layer.output],
      steps: layer.steps.map {
        StepState(activation: state($0), gradient: state(differentiated.cotangents[$0]))
      },
      gradientRise: next.flatMap { step(backwardFrom: $0, to: layer, rises: true) },
      gradientFall: next.flatMap { step(backwardFrom: $0, to: layer, rises: false) },
      activationRise: next.flatMap { step(forwardFrom: layer, to: $0, rises: true) },
      activationFall: next.flatMap { step(forwardFrom: layer, to: $0, rises: false) })
  }

  /// The second moment of what the last weighted operation gives, for the layer that has it.
  ///
  /// What a softmax makes of many logits is small by itself.
  private func head(of layer: Subject.Layer) -> Double? {
    let subject = differentiated.subject
    guard layer.output == subject.output, let head = subject.ending?.head else { return nil }
    return series.all[head.index]
  }

  /// The gradient of that, for the same layer.
  private func headGradient(of layer: Subject.Layer) -> HeadGradient? {
    let subject = differentiated.subject
    guard layer.output == subject.output, let head = subject.ending?.head,
      let own = differentiated.headCotangent.flatMap({ series.first[$0] }), own.nonFinite == 0,
      let above = differentiated.cotangents[layer.output].flatMap({ series.first[$0] }),
      above.secondMoment > 0, above.nonFinite == 0
    else { return nil }
    return HeadGradient(
      ratio: own.secondMoment / above.secondMoment,
      greatest: max(abs(own.minimum), abs(own.maximum)),
      step: factors.largestBackward(from: layer.output, to: head, rises: true).map(named))
  }

  private func state(_ value: Value?) -> TensorState {
    guard let value else {
      let moments = Moments.unknown("no gradient reaches this layer")
      return TensorState(predicted: moments, band: 0...0, measured: nil, secondMoments: [])
    }
    return TensorState(
      prediction[value], of: differentiated.graph.type(of: value).shape,
      batch: differentiated.subject.batch, measured: series.first[value],
      secondMoments: series.secondMoments[value] ?? [], moved: series.moved[value]?.secondMoment)
  }

  /// How much the loss answers to relative changes of a layer's weights, of the matrix that is felt most.
  ///
  /// Fan-in times E[(∂ℓ/∂W)²] E[W²] over the samples: of a dense layer that is E[g²] E[h²] of its
  /// product, and places that share a weight add up as they do in training.
  private func felt(by layer: Subject.Layer) -> Double? {
    let first = felt(by: layer, series.first)
    return first == 0 ? felt(by: layer, series.moved) ?? first : first
  }

  private func felt(by layer: Subject.Layer, _ summaries: [Value: Summary]) -> Double? {
    let samples = Double(max(1, differentiated.subject.batch))
    return layer.weights.compactMap { weight -> Double? in
      guard let fan = differentiated.graph.type(of: weight).shape.fanIn,
        let size = summaries[weight]?.secondMoment,
        let gradient = differentiated.cotangents[weight].flatMap({ summaries[$0] }),
        gradient.nonFinite == 0
      else { return nil }
      return fan * gradient.secondMoment * size / samples
    }.max()
  }

  private func step(
    backwardFrom above: Subject.Layer, to below: Subject.Layer, rises: Bool
  ) -> OperatorStep? {
    factors.largestBackward(from: above.output, to: below.output, rises: rises).map(named)
  }

  private func step(
    forwardFrom below: Subject.Layer, to above: Subject.Layer, rises: Bool
  ) -> OperatorStep? {
    factors.largestForward(from: below.output, to: above.output, rises: rises).map(named)
  }

  private func named(_ step: OperatorFactors.Step) -> OperatorStep {
    let subject = differentiated.subject
    let node = subject.graph.nodes[step.node]
    return OperatorStep(
      name: subject.place(step.node).map { "\($0.type) \($0.name)" } ?? node.op.typeName,
      layer: layerOf.name(ofNode: step.node),
      factor: step.factor)
  }
}
