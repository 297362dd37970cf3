public import Findings
import Graphs
public import Numbers
public import Semantics
import Tensors

/// The main job: predict and measure, forward and backward, per layer, and judge.
public struct Check: Sendable {
  public struct Options: Sendable {
    public var seed: UInt64 = 0
    /// How many weight seeds to measure, counted up from `seed`.
    public var draws = 1
    public var format = NumberFormat.fp32
    /// Formats of single nodes, by their number.
    public var nodeFormats: [Int: NumberFormat] = [:]
    public var thresholds = Thresholds()
    /// Whether to compute the singular values of the input–output Jacobian.
    public var wantsSpectrum = false
    /// Told how many of how many draws are done.
    public var progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }

    public init() {}
  }

  public let report: CheckReport
  public let diagnosis: Diagnosis

  /// Checks a subject.
  ///
  /// - Parameters:
  ///   - subject: the graph with its layers and the laws of its parameters.
  ///   - path: the name of the model, for the report.
  ///   - options: what to draw, and the limits to judge by.
  ///   - adding: makes the operator that adds two tensors of one type.
  /// - Throws: ``OperatorError`` where an operator cannot be differentiated.
  public init(
    _ subject: Subject, path: String, options: Options, adding: () -> any Operator
  ) throws {
    let differentiated = try DifferentiatedSubject(subject, adding: adding)
    try differentiated.graph.validate()
    let prediction = Prediction(of: differentiated)
    let measurement = Measurement(
      differentiated, format: options.format, nodeFormats: options.nodeFormats)
    let series = DrawSeries(differentiated, measurement, options)
    let factors = FactorTable(differentiated, prediction)
    let layerOf = LayerFinder(subject)
    let layers = subject.layers.enumerated().map { index, layer in
      Self.state(index, layer, differentiated, prediction, series)
    }
    let scan = HazardScan(
      graph: subject.graph, format: options.format, known: subject.bounds)
    diagnosis = Diagnosis(
      layers: layers, thresholds: options.thresholds, format: options.format,
      forwardFactors: factors.forward, backwardFactors: factors.backward,
      hazards: scan.placedHazards { layerOf.name(ofNode: $0) },
      failure: series.failure.map {
        Self.failure($0, differentiated, layerOf)
      })
    let diagnosis = diagnosis
    report = CheckReport(
      model: .init(
        path: path, parameters: subject.parameterCount, depth: subject.layers.count,
        format: options.format.name, batch: subject.batch, seed: options.seed,
        draws: options.draws),
      layers: layers.map(Self.reported),
      findings: GradientRule.all.flatMap { $0.findings(in: diagnosis) }
        .sorted { $0.severity > $1.severity },
      spectrum: options.wantsSpectrum
        ? JacobianSpectrum(differentiated, prediction, seed: options.seed).reported : nil,
      resources: .init(
        nodes: measurement.resources.nodes, arenaBytes: measurement.resources.arenaBytes,
        unsharedBytes: measurement.resources.unsharedBytes,
        parameterBytes: measurement.resources.parameterBytes))
  }

  private static func state(
    _ index: Int, _ layer: Subject.Layer, _ differentiated: DifferentiatedSubject,
    _ prediction: Prediction, _ series: DrawSeries
  ) -> LayerState {
    let graph = differentiated.graph
    let batch = differentiated.subject.batch
    func state(_ value: Value?) -> TensorState {
      guard let value else {
        let moments = Moments.unknown("no gradient reaches this layer")
        return TensorState(predicted: moments, band: 0...0, measured: nil, secondMoments: [])
      }
      let moments = prediction[value]
      return TensorState(
        moments, of: graph.type(of: value).shape, batch: batch, measured: series.first[value],
        secondMoments: series.secondMoments[value] ?? [])
    }
    let weights = layer.weights.compactMap { differentiated.cotangents[$0] }
      .compactMap { series.first[$0] }
    return LayerState(
      index: index + 1, name: layer.name, operators: layer.operators,
      activation: state(layer.output), gradient: state(differentiated.cotangents[layer.output]),
      weightGradient: weights.reduce(into: nil as Summary?) { merged, summary in
        if merged == nil { merged = summary } else { merged?.merge(summary) }
      },
      units: series.units[layer.output],
      steps: layer.steps.map {
        StepState(activation: state($0), gradient: state(differentiated.cotangents[$0]))
      })
  }

  private static func reported(_ state: LayerState) -> CheckReport.Layer {
    CheckReport.Layer(
      index: state.index, name: state.name, operators: state.operators,
      activation: reported(state.activation), gradient: reported(state.gradient),
      weightGradient: state.weightGradient.map { reported($0, []) })
  }

  private static func reported(_ state: TensorState) -> CheckReport.Quantity {
    let moments = state.predicted
    let basis: String? =
      switch moments.basis {
      case .closedForm: "closed_form"
      case .quadrature: "quadrature"
      case .firstOrder: "first_order"
      case .unknown: nil
      }
    return CheckReport.Quantity(
      predicted: basis.map {
        .init(
          mean: moments.mean, secondMoment: moments.secondMoment, low: state.band.lowerBound,
          high: state.band.upperBound, basis: $0)
      },
      reason: basis == nil ? moments.note : nil,
      measured: state.measured.map { reported($0, state.secondMoments) })
  }

  private static func reported(
    _ summary: Summary, _ secondMoments: [Double]
  ) -> CheckReport.Measured {
    let sorted = secondMoments.sorted()
    return CheckReport.Measured(
      mean: summary.mean, secondMoment: summary.secondMoment, minimum: summary.minimum,
      maximum: summary.maximum, zeroShare: summary.count == 0 ? 0 : summary.zeroShare,
      nonFinite: summary.nonFinite,
      spread: sorted.count < 2
        ? nil
        : .init(
          low: sorted[0], median: sorted[sorted.count / 2], high: sorted[sorted.count - 1]))
  }

  private static func failure(
    _ found: (value: Value, element: Int, count: Int, cause: Cause),
    _ differentiated: DifferentiatedSubject, _ layers: LayerFinder
  ) -> Failure {
    let graph = differentiated.graph
    let node = graph.producer(of: found.value)
    let forward: Int? =
      switch graph.source(of: found.value) {
      case .node(let number, _): graph.nodes[number].forward ?? number
      default: nil
      }
    return Failure(
      layer: forward.flatMap { layers.name(ofNode: $0) }, value: graph.name(of: found.value),
      operatorName: node?.op.typeName ?? "input", element: found.element, count: found.count,
      isBackward: node?.forward != nil, cause: found.cause, node: forward)
  }
}

/// Which layer a forward node belongs to: the first whose output comes at or after it.
struct LayerFinder {
  private let ends: [(node: Int, name: String)]

  init(_ subject: Subject) {
    ends = subject.layers.compactMap { layer in
      if case .node(let number, _) = subject.graph.source(of: layer.output) {
        (number, layer.name)
      } else {
        nil
      }
    }
  }

  func name(ofNode number: Int) -> String? {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle].node < number { low = middle + 1 } else { high = middle }
    }
    return low < ends.count ? ends[low].name : ends.last?.name
  }
}

/// The draws of a check: summaries of the first, and second moments of all.
private struct DrawSeries {
  let first: [Value: Summary]
  let units: [Value: UnitHealth]
  private(set) var secondMoments: [Value: [Double]] = [:]
  let failure: (value: Value, element: Int, count: Int, cause: Cause)?

  init(
    _ differentiated: DifferentiatedSubject, _ measurement: Measurement, _ options: Check.Options
  ) {
    options.progress(0, options.draws)
    measurement.run(seed: options.seed, looksAtUnits: true)
    first = measurement.summaries
    units = measurement.units
    failure = measurement.failure
    options.progress(1, options.draws)
    guard options.draws > 1 else { return }
    let layers = differentiated.subject.layers
    let watched = layers.map(\.output) + layers.compactMap { differentiated.cotangents[$0.output] }
    for draw in 0..<options.draws {
      if draw > 0 {
        measurement.run(seed: options.seed &+ UInt64(draw), looksAtUnits: false)
        options.progress(draw + 1, options.draws)
      }
      for value in watched {
        guard let summary = measurement.summaries[value] else { continue }
        secondMoments[value, default: []].append(summary.secondMoment)
      }
    }
  }
}
