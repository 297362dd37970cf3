import Findings
import Graphs
import Networks
import Numbers
import Operators
import Samples
import Semantics
import Tensors

extension Trainer {
  /// Finds where the first number came from that made the last step one to be refused.
  ///
  /// To be called right after such a step, whose weights and batch are still there: it is run again with
  /// every value looked at as it is computed.
  ///
  /// - Returns: nil where the last step was made, or where nothing was found that is not finite.
  /// - Throws: `OperatorError` where the network cannot be laid out again.
  public func origin() throws -> NonFiniteOrigin? {
    guard let refusal = record.refusal else { return nil }
    switch refusal.place {
    case .input: return originInData(refusal)
    case .update, .state: return originInUpdate(refusal)
    case .weight:
      return network.parameters.contains { parameter in
        Summary(of: model.tensorRead(for: parameter.value).elements(as: Float.self)).nonFinite > 0
      } ? originInWeights(refusal) : originInUpdate(refusal)
    case .activation, .loss, .cotangent, .gradient: return try originInPasses(refusal)
    }
  }

  private func originInPasses(_ refusal: StepRecord.Refusal) throws -> NonFiniteOrigin? {
    let precision = settings.precision
    let traced = try TrainingStep(
      network, adding: { Add() }, optimizer: settings.optimizer, isTraced: true,
      format: precision.format == .fp32 ? nil : precision.format,
      backwardFormat: precision.backwardFormat, keepsMasters: precision.keepsMasters,
      exactValues: try Self.exactValues(of: network, precision.exactLayers))
    for parameter in network.parameters {
      traced.tensorRead(for: parameter.value).copyBytes(
        from: model.tensorRead(for: parameter.value))
    }
    for input in network.inputs + network.auxiliaryInputs {
      traced.tensorRead(for: input.value).copyBytes(from: model.tensorRead(for: input.value))
    }
    traced.lossScale = model.lossScale
    let tracer = Tracer(traced)
    traced.trace(tracer)
    guard let found = tracer.found else { return nil }
    let node = traced.graph.nodes[found.node]
    let place = traced.origin(of: found.value)
    var (reason, explanation) = Self.told(found.cause, node.op.typeName)
    if let number = found.unrounded {
      let format =
        node.isBackward ? precision.backwardFormat ?? precision.format : precision.format
      reason = .overflowOfCast
      explanation =
        "\(node.op.typeName) gives \(Numerals.precise(number)), and the greatest number of "
        + "\(format.name) is \(Numerals.short(format.greatest))"
    }
    return NonFiniteOrigin(
      place: node.isBackward ? refusal.place == .gradient ? .gradient : .cotangent : refusal.place,
      tensor: layerName(ofNode: found.node, in: traced, value: place) ?? refusal.tensor,
      value: traced.graph.name(of: found.value), operatorName: node.op.typeName,
      shape: traced.graph.type(of: found.value).shape,
      element: traced.graph.type(of: found.value).shape.index(of: found.element),
      found: found.number, nanCount: found.summary.nanCount,
      infinityCount: found.summary.positiveInfinities + found.summary.negativeInfinities,
      reason: reason, explanation: explanation, operands: found.operands,
      passedOn: tracer.passedOn.map { traced.graph.name(of: $0) })
  }

  private static func told(_ cause: Cause, _ name: String) -> (Cause.Reason?, String) {
    switch cause {
    case .produced(let reason, let explanation): (reason, explanation)
    case .passedOn(let operand, let element):
      (nil, "\(name) passes on element \(element) of its operand \(operand)")
    }
  }

  /// The layer of a node, forward or of the forward node that it differentiates.
  private func layerName(
    ofNode number: Int, in traced: TrainingStep, value: Value?
  ) -> String? {
    if let value { return placeName(of: value) }
    let node = traced.graph.nodes[number]
    guard let forward = node.forward else { return nil }
    return traced.graph.nodes[forward].results.first
      .flatMap { traced.origin(of: $0) }.map { placeName(of: $0) }
  }

  // MARK: - Data, weights, updates

  private func originInData(_ refusal: StepRecord.Refusal) -> NonFiniteOrigin? {
    for part in 0..<settings.accumulation {
      let samples = batches.indices(ofStep: record.step * settings.accumulation + part)
      guard let found = feed.firstNonFinite(in: samples) else { continue }
      let isFeature = found.feature != nil
      return NonFiniteOrigin(
        place: .input, tensor: refusal.tensor, value: isFeature ? "features" : "targets",
        operatorName: nil, shape: feed.dataset.featureShape,
        element: found.feature.map { feed.dataset.featureShape.index(of: $0) } ?? [],
        found: found.number, nanCount: refusal.nanCount, infinityCount: refusal.infinityCount,
        reason: nil,
        explanation: "the data holds \(Numerals.short(found.number)) as "
          + (found.feature.map { feature in
            feed.dataset.featureNames.indices.contains(feature)
              ? "'\(feed.dataset.featureNames[feature])'" : "feature \(feature)"
          } ?? "a target") + " of \(refusal.tensor)",
        operands: [], passedOn: [])
    }
    return nil
  }

  private func originInWeights(_ refusal: StepRecord.Refusal) -> NonFiniteOrigin? {
    guard let parameter = network.parameters.first(where: { $0.name == refusal.tensor }) else {
      return nil
    }
    let elements = model.tensorRead(for: parameter.value).elements(as: Float.self)
    guard let element = elements.indices.first(where: { !elements[$0].isFinite }) else {
      return nil
    }
    let kept = Double(model[parameter.value].elements(as: Float.self)[element])
    let format = settings.precision.format
    return NonFiniteOrigin(
      place: .weight, tensor: parameter.name, value: parameter.name, operatorName: nil,
      shape: parameter.shape, element: parameter.shape.index(of: element),
      found: Double(elements[element]), nanCount: refusal.nanCount,
      infinityCount: refusal.infinityCount, reason: kept.isFinite ? .overflowOfCast : nil,
      explanation: kept.isFinite
        ? "the weight is \(Numerals.precise(kept)), and the greatest number of \(format.name) is "
          + Numerals.precise(format.greatest)
        : "the weights were not finite before the step", operands: [], passedOn: [])
  }

  private func originInUpdate(_ refusal: StepRecord.Refusal) -> NonFiniteOrigin? {
    guard let found = model.updates.firstNonFinite(rate: record.learningRate) else { return nil }
    let parameter = model.parameters[found.parameter]
    let name = type(of: settings.optimizer).name
    func operand(_ name: String, _ value: Double) -> NonFiniteOrigin.Operand {
      .init(
        name: name, shape: parameter.weight.shape, minimum: value, maximum: value, value: value)
    }
    let read =
      [("gradient", found.gradient), ("weight", found.weight)]
      + zip(settings.optimizer.stateNames, found.states).map { ($0, $1) }
    let numbers = read.map { "\($0) \(Numerals.precise($1))" }.joined(separator: ", ")
    return NonFiniteOrigin(
      place: refusal.place, tensor: parameter.name,
      value: "\(found.quantity)/\(parameter.name)", operatorName: name,
      shape: parameter.weight.shape,
      element: parameter.weight.shape.index(of: found.element), found: found.number,
      nanCount: refusal.nanCount, infinityCount: refusal.infinityCount, reason: found.reason,
      explanation: "\(name) at the learning rate \(Numerals.precise(record.learningRate)) makes "
        + "\(found.quantity) \(Numerals.short(found.number)) of \(numbers)",
      operands: read.map { operand($0.0, $0.1) }, passedOn: [])
  }
}
