import Findings
import Foundation
import Testing

@testable import Reports

@Suite struct CheckScreenTests {
  static func report(layers count: Int) -> CheckReport {
    let layers = (1...count).map { index in
      let second = 1 / Double(1 << min(index, 40))
      return CheckReport.Layer(
        index: index, name: "layers.\(index)", operators: ["Gemm", "Sigmoid"],
        activation: .init(
          predicted: .init(
            mean: 0.5, secondMoment: 0.25, low: 0.24, high: 0.26, basis: "quadrature"),
          measured: .init(
            mean: 0.5, secondMoment: 0.251, minimum: 0.1, maximum: 0.9, zeroShare: 0, nonFinite: 0)),
        gradient: .init(
          predicted: nil, reason: "no rule",
          measured: .init(
            mean: 0, secondMoment: second, minimum: -1, maximum: 1, zeroShare: 0, nonFinite: 0)),
        weightGradient: nil)
    }
    return CheckReport(
      model: .init(
        path: "net.yaml", parameters: 3_276_800, depth: count, format: "fp32", batch: 256, seed: 0,
        draws: 1),
      layers: layers,
      findings: [
        Finding(
          .vanishingGradient, .error, layer: "layers.1",
          message: "the gradient's second moment falls to 1.2e-12 at layers.1.",
          because: "each layer multiplies it by 0.056.",
          evidence: [Evidence("growth_per_layer", 0.056)],
          remedies: [RemedyProposal("xavier_init", change: "use it.", predicted: "0.03")])
      ],
      resources: .init(
        nodes: 100, arenaBytes: 1000, unsharedBytes: 5000, parameterBytes: 13_107_200))
  }

  static let limits = CheckScreen.ChartLimits(healthy: 1e-6...1e3, format: 1e-76...1e77)

  @Test func fitsEightyColumnsAndFortyLinesOfTable() {
    let text = CheckScreen(Self.report(layers: 200), limits: Self.limits, style: Style()).text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count <= 80 })
    let rows = lines.filter { $0.hasPrefix("layers.") || $0.hasPrefix("  …") }
    #expect(rows.count <= 40)
    #expect(text.hasPrefix("FAILING: the gradient's second moment"))
    #expect(!text.contains("\u{1B}"))
  }

  @Test func unfoldsEveryLayerOnRequest() {
    let text = CheckScreen(
      Self.report(layers: 200), limits: Self.limits, style: Style(), showsAll: true
    ).text
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("layers.") }.count == 200)
  }

  @Test func drawsMeasuredPointsAndTheHealthyBand() {
    let text = CheckScreen(Self.report(layers: 30), limits: Self.limits, style: Style()).text
    let chart = text.split(separator: "\n").filter { $0.contains(" |") }
    #expect(chart.count == 13)
    #expect(chart.contains { $0.contains("healthy from") })
    #expect(chart.reduce(0) { $0 + $1.filter { $0 == "g" }.count } > 10)
  }

  @Test func aHealthyVerdictTellsWhatWasNotPredicted() {
    var report = Self.report(layers: 3)
    report.findings = []
    let text = CheckScreen(report, limits: Self.limits, style: Style()).text
    #expect(
      text.hasPrefix("HEALTHY: what was measured is within limits; 3 of 3 layers have no full"))
    #expect(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
        "3 of 3 layers have no full prediction: no rule."))
    #expect(text.hasSuffix("\n\nHEALTHY: nothing to change.\n"))
  }

  @Test func aHealthyVerdictTellsWhatIsOutsideItsBand() {
    var report = Self.report(layers: 3)
    report.findings = []
    let layer = report.layers[1]
    report.layers[1] = CheckReport.Layer(
      index: layer.index, name: layer.name, operators: layer.operators,
      activation: .init(
        predicted: .init(mean: 0, secondMoment: 1, low: 0.9, high: 1.1, basis: "closed_form"),
        measured: layer.activation.measured), gradient: layer.gradient, weightGradient: nil)
    let text = CheckScreen(report, limits: Self.limits, style: Style()).text
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      text.contains("1 of 3 measurements lies outside the 95 % band of the prediction."))
  }

  @Test func coloursOnlyWhenAsked() {
    let text = CheckScreen(
      Self.report(layers: 3), limits: Self.limits, style: Style(colour: true)
    ).text
    #expect(text.hasPrefix("\u{1B}[31mFAILING"))
  }

  /// A report with three findings, of which the second may come of the first and has its remedies.
  static func ill(layers count: Int) -> CheckReport {
    var report = report(layers: count)
    let remedies = report.findings[0].remedies
    report.findings += [
      Finding(
        .underflow, .error, layer: "layers.2", message: "the gradient loses 30 %.",
        because: "it is small.", evidence: [], remedies: remedies),
      Finding(
        .deadUnits, .warning, layer: "layers.9", message: "9 of 50 layers are dead.",
        because: "biases are -5.", evidence: []),
    ]
    return report
  }

  @Test func remediesAreToldOnce() {
    let text = CheckScreen(Self.ill(layers: 9), limits: Self.limits, style: Style()).text
    #expect(text.components(separatedBy: "xavier_init: use it.").count == 2)
    #expect(text.contains("  change   as above: xavier_init"))
    #expect(text.contains("  change   none was found that mends it"))
  }

  @Test func aSymptomStandsUnderItsRoot() {
    var report = Self.ill(layers: 9)
    report.findings = [report.findings[2], report.findings[1], report.findings[0]]
    let text = CheckScreen(report, limits: Self.limits, style: Style()).text
    let heads = text.split(separator: "\n").filter {
      $0.hasPrefix("ERROR") || $0.hasPrefix("WARNING")
    }
    #expect(
      heads == [
        "WARNING dead_units at layers.9", "ERROR vanishing_gradient at layers.1",
        "ERROR underflow at layers.2, expected with vanishing_gradient",
      ])
  }

  @Test func theVerdictStandsAtTheEndToo() {
    let text = CheckScreen(
      Self.ill(layers: 9), limits: Self.limits, style: Style(), repair: "evenkeel repair net.yaml"
    ).text
    #expect(
      text.hasSuffix(
        "FAILING: 2 errors, 1 warning. To try the changes:\n  evenkeel repair net.yaml\n"))
    let other = CheckScreen(Self.ill(layers: 9), limits: Self.limits, style: Style())
    #expect(other.text.hasSuffix("\n\nFAILING: 2 errors, 1 warning.\n"))
  }

  @Test(arguments: [32, 40, 60, 80, 120, 200], [1, 3, 50, 400])
  func fitsATerminalOfTwentyFourLines(_ width: Int, _ layers: Int) {
    var healthy = Self.report(layers: layers)
    healthy.findings = []
    for report in [healthy, Self.report(layers: layers), Self.ill(layers: layers)] {
      let style = Style(width: width, height: 24)
      let text = CheckScreen(report, limits: Self.limits, style: style).text
      #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 24)
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(text)")
      let all = CheckScreen(report, limits: Self.limits, style: style, showsAll: true).text
      #expect(Self.rows(of: all) == layers)
      #expect(all.split(separator: "\n").allSatisfy { $0.count <= width }, "\(all)")
    }
  }

  /// Rows of a table: a layer, and numbers.
  static func rows(of text: String) -> Int {
    text.split(separator: "\n").filter { $0.hasPrefix("layers.") && $0.contains("0.251") }.count
  }

  @Test func whatIsLeftOutIsSaid() {
    let style = Style(height: 24)
    let text = CheckScreen(Self.ill(layers: 50), limits: Self.limits, style: style).text
    #expect(text.contains("(All of this screen: --all)"))
    let few = CheckScreen(
      Self.ill(layers: 2), limits: Self.limits, style: Style(height: 100)
    ).text
    #expect(!few.contains("--all"))
  }

  @Test func aTableIsNotStretched() {
    let table = CheckTable(
      layers: Self.report(layers: 4).layers, named: [], style: Style(width: 200))
    let narrow = CheckTable(
      layers: Self.report(layers: 4).layers, named: [], style: Style(width: 80))
    #expect(table.text(showsAll: true) == narrow.text(showsAll: true))
  }

  @Test func theScreenOfASmallTerminal() {
    let text = CheckScreen(
      Self.ill(layers: 50), limits: Self.limits, style: Style(width: 72, height: 24),
      repair: "evenkeel repair net.yaml"
    ).text
    #expect(text == Self.golden)
  }

  static let golden = """
    FAILING: the gradient's second moment falls to 1.2e-12 at layers.1.
    net.yaml: 50 layers, 3,276,800 parameters, fp32, batch 256, seed 0

    log10 second moment against depth: a activation, g gradient, · predicted
         4 |----------------------------------------------------healthy to-
           |
        -2 |** **** **** aaaa aaa aaaa aaaa aaaa aaaa aaa aaaa aaaa aaaa aa
           |             gggg ggg gg
        -7 |------------------------gg-gggg-gggg--------------healthy from-
           |                                     gggg ggg gg
       -13 |                                                gg gggg gggg gg
           +---------------------------------------------------------------
            1                                                            50

    ERROR vanishing_gradient at layers.1
      because  each layer multiplies it by 0.056.
      change   use it.
    ERROR underflow at layers.2, expected with vanishing_gradient: the …
    WARNING dead_units at layers.9: 9 of 50 layers are dead.

    FAILING: 2 errors, 1 warning. (All of this screen: --all) To try the
    changes:
      evenkeel repair net.yaml

    """
}
