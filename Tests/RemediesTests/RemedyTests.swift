import Findings
import Networks
import Operators
import Remedies
import Semantics
import Testing

@Suite struct RemedyTests {
  static func network(_ layers: String) throws -> NetworkDescription {
    try NetworkDescription(
      yaml: "network:\n  input: [8]\n  init: {weights: {normal: 0.01}}\n  layers: [\(layers)]",
      activations: .standard)
  }

  @Test func everyRemedyHasAUniqueNameAndAnswersSomething() {
    let names = RemedyCatalogue.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(RemedyCatalogue.all.allSatisfy { !$0.answers.isEmpty })
  }

  @Test func heIsForReluOnly() throws {
    let relu = try #require(HeInit().change(Self.network("{dense: 8}, relu")))
    #expect(relu.network.yaml.contains("he_normal"))
    #expect(HeInit().change(try Self.network("{dense: 8}, tanh")) == nil)
  }

  @Test func aNewStartReplacesThatOfSingleLayers() throws {
    let old = try Self.network("{dense: {units: 8, init: {weights: {normal: 3}}}}, tanh")
    let change = try #require(XavierInit().change(old))
    #expect(!change.network.yaml.contains("normal: 3"))
    #expect(XavierInit().change(change.network) == nil)
  }

  @Test func logOfSoftmaxBecomesOneLayer() throws {
    let change = try #require(
      LogSoftmaxFusion().change(Self.network("{dense: 8}, softmax, log")))
    #expect(change.network == (try Self.network("{dense: 8}, log_softmax")))
    #expect(LogSoftmaxFusion().change(try Self.network("softmax, relu, log")) == nil)
  }

  @Test func branchesAreScaledByTheRootOfTheirNumber() throws {
    let old = try Self.network(
      "{repeat: 16, layers: [{residual: {layers: [{dense: 8}, relu]}}]}")
    let change = try #require(ResidualScale().change(old))
    #expect(change.network.yaml.contains("scale: 0.25"))
    #expect(ResidualScale().change(change.network) == nil)
  }

  @Test func normsStandBetweenWeightsAndActivations() throws {
    let change = try #require(
      LayerNormInsertion().change(Self.network("{dense: 8}, tanh, {dense: 4}")))
    #expect(change.network == (try Self.network("{dense: 8}, layer_norm, tanh, {dense: 4}")))
  }

  @Test func proposalsTellWhatPromisesMostFirst() throws {
    let finding = Finding(
      .vanishingGradient, .error, layer: nil, message: "", because: "", evidence: [])
    let proposals = Proposals(for: try Self.network("{dense: 8}, relu")) { changed in
      .init(activations: [1], gradients: [changed.yaml.contains("xavier") ? 0.5 : 1e-3])
    }
    let told = proposals.complete([finding])[0].remedies
    #expect(told.first?.remedy == "xavier_init")
    #expect(told.allSatisfy { $0.predicted != nil && $0.verified == nil })
  }
}
