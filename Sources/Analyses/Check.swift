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
    /// What the network is to be used for.
    public var purpose = Purpose.training
    /// Whether weights are those of a start and not learnt ones.
    public var isStart = true
    /// Whether the model shows that it was trained.
    public var isTrained = false
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
    let measurement = try Measurement(
      differentiated, format: options.format, nodeFormats: options.nodeFormats)
    let series = DrawSeries(differentiated, measurement, options)
    let factors = FactorTable(differentiated, prediction)
    let layerOf = LayerFinder(subject)
    let computing = layerOf.format(options)
    let states = LayerStates(differentiated, prediction, series)
    let layers = subject.layers.enumerated().map { states.state($0, $1) }
    let scan = HazardScan(
      differentiated: differentiated, format: options.format, nodeFormats: options.nodeFormats)
    func failure(_ origin: NonFiniteTrace.Origin) -> Failure {
      Self.failure(origin, differentiated, layerOf)
    }
    diagnosis = Diagnosis(
      layers: layers, thresholds: options.thresholds, format: options.format, computing: computing,
      purpose: options.purpose, isStart: options.isStart, isTrained: options.isTrained,
      forwardFactors: factors.forward, backwardFactors: factors.backward,
      hazards: scan.placedHazards { layerOf.name(ofNode: $0) },
      failure: series.failure.map(failure), harmless: series.harmless.map(failure),
      zeroStart: series.zeroStart, gradientScale: states.gradientScale)
    let diagnosis = diagnosis
    let isLoss = subject.ending?.isLoss ?? false
    report = CheckReport(
      model: .init(
        path: path, parameters: subject.parameterCount, depth: subject.layers.count,
        format: computing.name, batch: subject.batch, seed: options.seed,
        draws: options.draws, purpose: options.purpose,
        loss: isLoss ? series.first[subject.output]?.mean : nil),
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
    _ found: NonFiniteTrace.Origin, _ differentiated: DifferentiatedSubject, _ layers: LayerFinder
  ) -> Failure {
    let graph = differentiated.graph
    let node = graph.producer(of: found.value)
    let forward: Int? =
      switch graph.source(of: found.value) {
      case .node(let number, _): graph.nodes[number].forward ?? number
      default: nil
      }
    let isBackward = node?.forward != nil
    let type =
      isBackward
      ? "The gradient of \(forward.map { graph.nodes[$0].typeForPeople } ?? "a node")"
      : node?.typeForPeople ?? "The input"
    return Failure(
      layer: forward.flatMap { layers.name(ofNode: $0) },
      value: node.map { graph.place(of: $0) } ?? graph.name(of: found.value), operatorName: type,
      element: found.element, count: found.count, isBackward: isBackward, cause: found.cause,
      node: forward, remark: isBackward ? node?.origin?.remark : nil)
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

  /// The format that all layers end in, where the nodes have one of their own; else that of the run.
  func format(_ options: Check.Options) -> NumberFormat {
    let own = Set(ends.map { options.nodeFormats[$0.node] })
    guard own.count == 1, let stored = own.first ?? nil else { return options.format }
    return stored
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
