import Findings
import Networks
import Numbers
import Operators
import Semantics
import Tensors
import Testing

@testable import Analyses

/// What does no harm is told as a note, and what training feels as an error.
@Suite struct StartRulesTests {
  static func check(
    _ layers: String, input: String = "[32]", purpose: Purpose = .training,
    init weights: String = "xavier_normal", isStart: Bool = true
  ) throws -> Check {
    let text = """
      network:
        input: \(input)
        init: \(weights)
        layers: \(layers)
      """
    let network = try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: 32, registry: .standard, activations: .standard)
    var options = Check.Options()
    options.purpose = purpose
    options.isStart = isStart
    return try Check(Subject(network), path: "", options: options, adding: { Add() })
  }

  static func rules(_ check: Check) -> [RuleName: Severity] {
    Dictionary(check.report.findings.map { ($0.rule, $0.severity) }) { first, _ in first }
  }

  /// A head that starts at 0 gives exact zeros below, until its first update.
  @Test func aHeadOfZerosIsANote() throws {
    let check = try Self.check(
      "[{dense: 32}, gelu, {dense: 32}, gelu, {dense: {units: 5, init: {weights: 0}}}]")
    #expect(check.report.layers[0].gradient.measured?.secondMoment == 0)
    #expect(check.report.verdict == .healthy)
    #expect(Self.rules(check) == [.zeroStart: .note])
  }

  /// The same where two factors in a row start at 0, of which neither can move: that is no start.
  @Test func twoFactorsOfZeroAreAnError() throws {
    let check = try Self.check(
      "[{dense: 32}, gelu, {dense: {units: 32, init: {weights: 0}}}, relu, "
        + "{dense: {units: 5, init: {weights: 0}}}]")
    #expect(check.report.verdict == .failing)
    #expect(Self.rules(check)[.zeroStart] == nil)
    #expect(Self.rules(check)[.vanishingGradient] == .error)
  }

  /// Biases of 0 keep nothing still.
  @Test func biasesOfZeroAreNotTold() throws {
    let check = try Self.check("[{dense: 32}, relu, {dense: 32}]")
    #expect(check.report.findings.isEmpty)
  }

  /// Small weights before a norm, in two layers of which the first is followed by the second alone.
  @Test func aNormAfterSmallValuesIsANote() throws {
    let check = try Self.check(
      "[{dense: {units: 32, init: {weights: {normal: 0.001}}}}, "
        + "{dense: 32}, layer_norm, {dense: 32}, gelu, {dense: 32}]")
    // The first layer gives values of size 0.006, which the norm divides the gradient by.
    #expect(try #require(check.report.layers[0].gradient.measured).secondMoment > 1e3)
    #expect(check.report.verdict == .healthy)
    #expect(Self.rules(check) == [.gradientStep: .note])
    let finding = try #require(check.report.findings.first)
    #expect(finding.message.contains("LayerNormalization"))
  }

  /// Every layer multiplies: that is felt by all weights, and stays an error.
  @Test func growthLayerByLayerIsAnError() throws {
    let check = try Self.check(
      "[{repeat: 30, layers: [{dense: 32}, sigmoid]}, {dense: 4}]")
    #expect(check.report.verdict == .failing)
    let finding = try #require(check.report.findings.first { $0.rule == .vanishingGradient })
    #expect(finding.because.contains("each layer multiplies"))
  }

  /// For inference nothing is said of gradients.
  @Test func gradientsAreNotJudgedForInference() throws {
    let layers = "[{repeat: 30, layers: [{dense: 32}, sigmoid]}, {dense: 4}]"
    let check = try Self.check(layers, purpose: .inference)
    #expect(check.report.verdict == .healthy)
    #expect(check.report.model.purpose == .inference)
    #expect(check.report.layers[0].gradient.measured != nil)
  }

  /// Forward the ends of the format are the limits of what is only run, or was learnt.
  @Test func activationsOfInferenceNeedTheFormatOnly() throws {
    let layers = "[{repeat: 12, layers: [{dense: 32}, {affine: {function: linear, gamma: 2}}]}]"
    #expect(Self.rules(try Self.check(layers))[.explodingActivation] == .error)
    #expect(try Self.check(layers, purpose: .inference).report.verdict == .healthy)
    let long = layers.replacing("12", with: "130")
    #expect(
      Self.rules(try Self.check(long, purpose: .inference))[.explodingActivation] != nil)
  }

  /// A gradient is excused by what training feels, and only well inside the limits.
  @Test func measuresOfAGradient() throws {
    func measures(gradient: Double, activation: Double, felt: Double?) -> GradientMeasures {
      func state(_ size: Double) -> TensorState {
        TensorState(
          predicted: .unknown("none"), band: 0...0,
          measured: Summary(of: Tensor([size.squareRoot()], shape: [1]).elements(as: Double.self)),
          secondMoments: [])
      }
      let layer = LayerState(
        index: 1, name: "a", operators: [], activation: state(activation),
        gradient: state(gradient),
        weightGradient: nil, felt: felt, units: nil)
      let diagnosis = Diagnosis(
        layers: [layer], thresholds: Thresholds(), format: .fp32, forwardFactors: [],
        backwardFactors: [], hazards: [], failure: nil)
      return GradientMeasures(layer, diagnosis)
    }
    // An embedding of standard deviation 0.02 before a norm.
    let embedding = measures(gradient: 2500, activation: 4e-4, felt: nil)
    #expect(embedding.isOutside(rises: true) && embedding.isExcused(rises: true))
    // A mean over 10,000 places: the weights get the sum.
    let pooled = measures(gradient: 1e-8, activation: 1, felt: 0.1)
    #expect(pooled.isExcused(rises: false) && !pooled.isOfScale(rises: false))
    // Growth that all three see.
    #expect(!measures(gradient: 1e6, activation: 1, felt: 1e6).isExcused(rises: true))
    #expect(!measures(gradient: 1e-9, activation: 0.25, felt: 1e-10).isExcused(rises: false))
  }
}
