import Findings
import Reports
import Testing

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
    #expect(text.hasPrefix("HEALTHY: what was measured is healthy; layers without a prediction:"))
    #expect(
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
        "3 of 3, since no rule."))
  }

  @Test func coloursOnlyWhenAsked() {
    let text = CheckScreen(
      Self.report(layers: 3), limits: Self.limits, style: Style(colour: true)
    ).text
    #expect(text.hasPrefix("\u{1B}[31mFAILING"))
  }
}
