import Analyses
public import Findings
import Graphs
public import Logging
public import Networks
import Numbers
import ONNX
import Operators
import Remedies
public import Reports
import Semantics
import Tensors

/// What a caller asks of a check; the defaults are those of the command.
public struct CheckRequest: Sendable {
  /// Where the network comes from.
  public enum Source: Sendable {
    /// A YAML file.
    case file(String)
    /// A description, and the name that reports bear.
    case description(NetworkDescription, name: String)
  }

  public var source: Source
  /// Samples in the batch; nil for 256, or 8 where an ONNX model leaves it open.
  public var batch: Int?
  /// Inputs and what else an ONNX model leaves open.
  public var model: ModelRequest?
  /// What the network is to be used for; nil for training of YAML and for inference of ONNX files, unless
  /// the model is read as in training.
  public var purpose: Purpose?
  public var seed: UInt64 = 0
  public var draws = 1
  public var format = "fp32"
  public var wantsSpectrum = false
  public var threads: Int?
  public var healthy: ClosedRange<Double>?
  public var deadShare: Double?
  public var saturatedShare: Double?
  public var underflowShare: Double?
  /// Told how many of how many draws are done.
  public var progress: @Sendable (Int, Int) -> Void = { _, _ in }

  /// Told at level debug what each stage did and how long it took; says nothing unless set.
  public var logger = Logger(label: "evenkeel") { _ in SwiftLogNoOpLogHandler() }

  /// Asks for a check of a file.
  public init(path: String) { source = .file(path) }

  /// Asks for a check of a network written in Swift.
  public init(_ network: NetworkDescription, name: String = "network") {
    source = .description(network, name: name)
  }

  /// The file, or the name of the network.
  var name: String {
    switch source {
    case .file(let path): path
    case .description(_, let name): name
    }
  }
}

/// A check's report, and how people see it.
public struct CheckResult: Sendable {
  public let report: CheckReport
  let limits: CheckScreen.ChartLimits

  /// The report as text for a terminal.
  ///
  /// `repair` is the command that tries the changes and judges in the same way, where there is one.
  public func screen(
    style: Style, showsAll: Bool, isVerbose: Bool, repair: String? = nil
  ) -> String {
    CheckScreen(
      report, limits: limits, style: style, showsAll: showsAll, isVerbose: isVerbose,
      repair: repair
    ).text
  }
}

/// `evenkeel check`: load, predict, measure, judge, propose.
public struct CheckWorkflow {
  private let request: CheckRequest

  public init(_ request: CheckRequest) { self.request = request }

  /// Runs the check.
  ///
  /// - Throws: ``InputError`` for a bad file or option.
  public func run() throws -> CheckResult {
    try MemoryLimit.telling(request.name) { try work() }
  }

  private func work() throws -> CheckResult {
    var options = try options()
    if let threads = request.threads { Threads.count = threads }
    if case .file(let path) = request.source {
      try ForeignFile.refuse(path, wanted: .model)
    }
    if case .file(let path) = request.source, ModelRequest(path: path).isONNX {
      return try run(importing: path, options)
    }
    if let model = request.model {
      try check(
        model.inputs == nil && model.shapes.isEmpty && model.dimensions.isEmpty
          && !model.isTraining,
        "--inputs, --shape, --dim and --training are for ONNX models; a YAML network says its "
          + "shapes itself")
    }
    options.purpose = request.purpose ?? .training
    let (description, network) = try logged("lowered") { try load() }
    request.logger.debug(
      "network",
      metadata: [
        "nodes": "\(network.graph.nodes.count)", "layers": "\(network.layers.count)",
        "parameters": "\(network.parameters.count)",
      ])
    var report = try logged("predicted and measured") {
      try Check(
        Subject(network, seed: request.seed), path: request.name, options: options,
        adding: { Add() }
      ).report
    }
    report.findings = logged("predicted remedies") {
      Proposals(for: description, predicting: { try secondMoments(of: $0) })
        .complete(report.findings)
    }
    return result(report, options)
  }

  private func result(_ report: CheckReport, _ options: Check.Options) -> CheckResult {
    let format = NumberFormat.all.first { $0.name == report.model.format } ?? options.format
    return CheckResult(
      report: report,
      limits: .init(
        healthy: options.thresholds.healthy,
        format: squared(format.leastSubnormal)...squared(format.greatest)))
  }

  /// Checks an ONNX model with its parameters as they are.
  private func run(importing path: String, _ options: Check.Options) throws -> CheckResult {
    var asked = request.model ?? ModelRequest(path: path)
    asked.path = path
    asked.batch = request.batch
    try check(
      !(asked.isTraining && request.purpose == .inference),
      "--for inference and --training contradict each other; leave one of them out")
    if request.purpose == .training { asked.isTraining = true }
    // The file, whose weights the model has copied, is let go before memory is needed for more.
    let (checking, model) = try logged("imported") {
      let (file, importing) = try ModelLoading.file(asked, batch: 8)
      let checking = ModelChecking(path: path, options: options, importing: importing)
      return (checking, try checking.imported(file))
    }
    let check = try logged("predicted and measured") {
      try checking.examination(of: model, seed: options.seed)
    }
    var report = check.report
    if report.model.purpose == .inference, let note = TrainingTrace(model).finding {
      report.findings.insert(note, at: 0)
    }
    let advice = FormatAdvice(checking, options.format)
    guard !report.findings.isEmpty || advice != nil else { return result(report, options) }
    report.findings = try logged("predicted remedies") {
      let (file, _) = try ModelLoading.file(asked, batch: 8)
      let checked = ModelChecking.Checked(
        file, model, check, checking, seed: options.seed)
      var patient = checked.patient([options.seed])
      patient.deadline = .now + Self.mostProposing
      patient.freedom = ModelFreedom(RepairRequest(path: path), model).freedom
      return ModelProposals(
        for: patient, predicting: { try checking.secondMoments(of: $0) }
      )
      .complete(report.findings)
    }
    if let advice {
      report.findings = try logged("measured operators in \(options.format.name)") {
        let (file, _) = try ModelLoading.file(asked, batch: 8)
        return advice.complete(
          report.findings, file, model, seed: options.seed, deadline: .now + Self.mostProposing)
      }
    }
    return result(report, options)
  }

  /// What remedies may measure before they are named.
  private static let mostProposing = Duration.seconds(10)

  /// Does a stage and logs how long it took.
  private func logged<R>(_ stage: Logger.Message, _ work: () throws -> R) rethrows -> R {
    let start = ContinuousClock.now
    let result = try work()
    request.logger.debug(stage, metadata: ["duration": "\(ContinuousClock.now - start)"])
    return result
  }

  private func load() throws -> (NetworkDescription, LoweredNetwork) {
    do {
      let description: NetworkDescription
      switch request.source {
      case .file(let path):
        description = try NetworkDescription(contentsOf: path, activations: .standard)
      case .description(let network, _): description = network
      }
      return (description, try lowered(description))
    } catch {
      throw InputError(error.description)
    }
  }

  private func lowered(
    _ description: NetworkDescription
  ) throws(NetworkError) -> LoweredNetwork {
    try description.lowered(
      batch: request.batch ?? 256, registry: .standard, activations: .standard)
  }

  /// What the prediction says of a changed network.
  private func secondMoments(
    of description: NetworkDescription
  ) throws -> Proposals.SecondMoments {
    let differentiated = try DifferentiatedSubject(
      Subject(try lowered(description), seed: request.seed), adding: { Add() })
    return Proposals.SecondMoments(of: differentiated)
  }

  private func squared(_ x: Double) -> Double { x * x }

  private func options() throws -> Check.Options {
    let format = try NumberFormat.named(
      request.format, byOption: "--format \(request.format)",
      among: NumberFormat.all.filter { $0 != .fp64 })
    try check(request.batch ?? 1 >= 1, "--batch \(request.batch ?? 0): must be at least 1")
    try check(request.draws >= 1, "--draws \(request.draws): must be at least 1")
    try check(request.threads ?? 1 >= 1, "--threads \(request.threads ?? 0): must be at least 1")
    var options = Check.Options()
    options.seed = request.seed
    options.draws = request.draws
    options.format = format
    options.wantsSpectrum = request.wantsSpectrum
    options.progress = request.progress
    if let healthy = request.healthy { options.thresholds.healthy = healthy }
    options.thresholds.deadShare =
      try share(request.deadShare, "--dead-share") ?? options.thresholds.deadShare
    options.thresholds.saturatedShare =
      try share(request.saturatedShare, "--saturated-share") ?? options.thresholds.saturatedShare
    options.thresholds.underflowShare =
      try share(request.underflowShare, "--underflow-share") ?? options.thresholds.underflowShare
    return options
  }

  private func check(_ condition: Bool, _ message: String) throws {
    guard condition else { throw InputError(message) }
  }

  private func share(_ value: Double?, _ name: String) throws -> Double? {
    guard let value else { return nil }
    try check(value >= 0 && value <= 1, "\(name) \(value): must be a share between 0 and 1")
    return value
  }
}
