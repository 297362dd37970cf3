import Findings
import Testing

@testable import Reports

/// Screens of trainings, diagnoses and repairs on a terminal that has an end.
@Suite struct TrainingScreensTests {
  static func watched(_ rule: RuleName, _ severity: Severity = .error, since: Int = 0)
    -> WatchedFinding
  {
    let because = String(repeating: "The numbers speak for it, one and all. ", count: 8)
    return WatchedFinding(
      Finding(
        rule, severity, layer: "layers.3", message: "Since step \(since), something is amiss.",
        because: because, evidence: []), since: since, told: since + 10)
  }

  static func training(_ findings: [WatchedFinding]) -> TrainReport {
    let start = TrainReport.Start(
      experiment: "net.yaml", run: "net.run", layers: 4, parameters: 12_345, samples: 300,
      validationSamples: 100, batch: 32, plannedSteps: 6000, firstStep: 0, optimizer: "sgd",
      format: "fp32", seed: 0, dropped: [])
    var report = TrainReport(
      start: start, ending: .finished, advice: nil, steps: 6000, refusedSteps: 0,
      verdict: findings.isEmpty ? .healthy : .failing, firstLoss: 1.5, lastLoss: 0.5,
      baselineLoss: 0.693, losses: (0..<6000).map { 1.5 - Double($0) / 6000 }, meetsTarget: true,
      findings: findings, seconds: 1)
    report.evaluation = (0.51, 0.96)
    return report
  }

  static let many: [WatchedFinding] = [
    watched(.vanishingGradient), watched(.learningRateTooSmall), watched(.lossNotDecreasing),
    watched(.lostUpdates, .warning), watched(.saturatedUnits, .warning), watched(.oscillatingLoss),
    watched(.deadUnits, .note),
  ]

  static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The lines of a text, but for commands that are to be copied as a whole.
  static func prose(_ text: String) -> [Substring] {
    lines(text).filter { !$0.hasPrefix("  evenkeel ") }
  }

  @Test func namesAccuracyAndBaseline() {
    let text = TrainScreen(style: Style()).text(of: Self.training([]))
    #expect(text.contains("baseline      loss 0.693 of the best constant prediction\n"))
    #expect(text.contains("validation    loss 0.51, accuracy 96 %\n"))
    #expect(text.hasPrefix("HEALTHY: all 6,000 steps were made."))
    #expect(text.hasSuffix("HEALTHY: no findings. The run is kept in net.run.\n"))
  }

  @Test func symptomsStandUnderTheirRoot() {
    let text = TrainScreen(style: Style(width: 100)).text(of: Self.training(Self.many))
    let heads = Self.lines(text).filter { $0.contains("since step 0") }
    #expect(heads.first == "error vanishing_gradient in layers.3, since step 0")
    #expect(
      heads.dropFirst().prefix(3).allSatisfy { $0.contains("expected with vanishing_gradient") })
    #expect(heads.contains { $0.hasPrefix("error oscillating_loss") && !$0.contains("expected") })
  }

  @Test(arguments: [32, 40, 80, 200], [0, 9])
  func aTrainingFitsATerminal(_ width: Int, _ written: Int) {
    for findings in [[], Array(Self.many.prefix(1)), Self.many] {
      let screen = TrainScreen(style: Style(width: width, height: 24))
      let text = screen.text(of: Self.training(findings), below: written)
      #expect(Self.lines(text).count + written <= 24 || written > 0, "\(text)")
      #expect(Self.prose(text).allSatisfy { $0.count <= width }, "\(text)")
      let all = TrainScreen(style: Style(width: width, height: 24), showsAll: true)
        .text(of: Self.training(findings))
      #expect(all.components(of: "one and all.") == 8 * findings.count)
    }
  }

  @Test func anEventTakesALineOnATerminalAndIsToldInFullElsewhere() {
    let event = Self.watched(.vanishingGradient)
    let short = TrainScreen(style: Style(height: 24)).text(of: event, atStep: 1500)
    #expect(short == "step 1,500: error vanishing_gradient in layers.3, since step 0\n")
    let full = TrainScreen(style: Style()).text(of: event, atStep: 1500)
    #expect(full == short + "  Something is amiss.\n")
  }

  // MARK: Diagnoses and repairs

  static func diagnosis() -> DiagnosisReport {
    var report = DiagnosisReport(
      subject: "net.yaml", verdict: .failing, steps: 40, plannedSteps: 600, firstLoss: 0.7,
      lastLoss: .nan, baselineLoss: 0.69, findings: [])
    report.rootCause = .init(
      cause: .learningRate, isProven: true,
      because: String(repeating: "An update is 3.1 of its weights. ", count: 12),
      change: "set the learning rate to 0.01 in place of 10")
    report.firstNonFinite = .init(
      step: 12, place: .activation, tensor: "layers.2", value: "layers.2.Gemm",
      operatorName: "Gemm",
      shape: [32, 32], element: [0, 12], found: .infinity, nanCount: 0, infinityCount: 62,
      reason: "overflow_of_product", explanation: "6.9e16 · 1.4e23 overflows",
      operands: (0..<3).map {
        .init(name: "operand \($0)", shape: [32], minimum: -1, maximum: 1, value: nil)
      }, passedOn: ["a", "b"])
    report.suspects = (0..<6).map { number in
      var suspect = DiagnosisReport.Suspect(cause: .learningRate, weight: 1, evidence: [])
      suspect.counterfactuals = [
        .init(
          change: "set it to 0.0\(number)", fromStep: 0, steps: 600,
          verdict: number == 0 ? .healthy : .failing, isHealthy: number == 0, lastLoss: 0.1,
          rules: [])
      ]
      return suspect
    }
    report.controls = [.init(seed: 1, verdict: .failing, lastLoss: .nan, isHealthy: false)]
    return report
  }

  @Test func aDiagnosisEndsWithTheCauseAndItsCure() {
    let text = DiagnosisScreen(Self.diagnosis(), style: Style(width: 100)).text
    #expect(text.hasPrefix("CAUSE: the learning rate. net.yaml made 40 of 600 steps; "))
    #expect(
      text.hasSuffix(
        "CAUSE: the learning rate. What heals it: set the learning rate to 0.01 in place of 10. To "
          + "repair it:\n  evenkeel repair net.yaml -o repaired.yaml\n"))
    #expect(text.contains("What was tried:"))
  }

  @Test(arguments: [32, 40, 80, 200]) func aDiagnosisFitsATerminal(_ width: Int) {
    let style = Style(width: width, height: width < 60 ? 40 : 24)
    let text = DiagnosisScreen(Self.diagnosis(), style: style).text
    #expect(Self.lines(text).count <= (width < 60 ? 40 : 24), "\(text)")
    #expect(Self.prose(text).allSatisfy { $0.count <= width }, "\(text)")
    #expect(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains("of which 1 heals")
    )
  }

  static func repair() -> RepairReport {
    var report = RepairReport(subject: "net.yaml", outcome: .repaired)
    report.changes = ["replace tanh by relu"]
    report.tried = (0..<30).map { number in
      .init(
        remedies: ["r"], changes: ["change number \(number)"],
        verdict: number == 29 ? TrainingVerdict.healthy : .failing, isHealthy: number == 29,
        lastLoss: 0.5, accuracy: nil, steps: 100, rules: [])
    }
    report.steps = 1
    report.proof = [
      .init(seed: 0, lastLoss: 0.25, accuracy: 0.96), .init(seed: 1, lastLoss: 0.3, accuracy: 0.97),
    ]
    report.controls = [
      .init(seed: 0, verdict: .failing, lastLoss: .nan),
      .init(seed: 1, verdict: .targetMissed, lastLoss: 0.6),
    ]
    return report
  }

  @Test func aRepairCountsWhatItSpent() {
    var report = Self.repair()
    report.unit = .checks
    #expect(RepairScreen(report, output: nil, style: Style()).text.contains("found in 1 check:\n"))
    report.steps = 5
    #expect(RepairScreen(report, output: nil, style: Style()).text.contains("found in 5 checks:\n"))
    report.unit = .steps
    report.steps = 12_000
    #expect(
      RepairScreen(report, output: nil, style: Style()).text.contains("found in 12,000 steps:\n"))
  }

  @Test func aRepairTellsAccuraciesAndWhatWasBefore() {
    let text = RepairScreen(Self.repair(), output: "new.yaml", style: Style(width: 100)).text
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains("seed 0: loss 0.25, accuracy 96 %; seed 1: loss 0.3, accuracy 97 %."))
    #expect(text.contains("ended at nan with seed 0, 0.6 with seed 1 (target missed)."))
    #expect(text.hasSuffix("REPAIRED: the repaired file is new.yaml."))
  }

  @Test(arguments: [40, 80, 200]) func aRepairFitsATerminalAndKeepsWhatHealed(_ width: Int) {
    let text = RepairScreen(
      Self.repair(), output: nil, style: Style(width: width, height: 24)
    ).text
    #expect(Self.lines(text).count <= 24, "\(text)")
    #expect(Self.prose(text).allSatisfy { $0.count <= width })
    #expect(text.contains("change number 29"))
    #expect(text.contains("(All that was tried: --all)") || width < 60)
    let all = RepairScreen(
      Self.repair(), output: nil, style: Style(width: width, height: 24), showsAll: true
    ).text
    #expect(all.components(of: "change number") == 30)
  }
}

extension String {
  /// How often a text stands in it, line breaks aside.
  fileprivate func components(of part: String) -> Int {
    split(whereSeparator: \.isWhitespace).joined(separator: " ").split(
      separator: part, omittingEmptySubsequences: false
    ).count - 1
  }
}
