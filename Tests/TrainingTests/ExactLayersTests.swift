import Findings
import Networks
import Numbers
import Samples
import Testing
import Training

@Suite struct ExactLayersTests {
  private func trainer(keeping names: [String]) throws -> Trainer {
    var settings = TrainerTests.settings(steps: 20, SGD())
    settings.precision.format = .fp16
    settings.precision.exactLayers = names
    let network = try TrainerTests.network(
      """
      [{dense: {units: 8, init: {weights: {normal: 500}}}}, relu,
       {dense: {units: 8, init: {weights: {normal: 500}}}}, relu, {dense: 2}]
      """)
    return try Trainer(network, data: TrainerTests.spirals(), settings: settings)
  }

  /// What the last two layers hand on is beyond fp16.
  @Test func aLayerThatOverflowsIsKeptInSinglePrecision() throws {
    let narrow = try trainer(keeping: [])
    #expect(narrow.next()?.refusal?.tensor == "layers.2")
    let kept = try trainer(keeping: ["layers.2", "layers.3", "loss"])
    let record = try #require(kept.next())
    #expect(record.loss.isFinite, "\(String(describing: record.refusal))")
  }

  @Test func namesThatThereAreNotAreTold() throws {
    let error = #expect(throws: TrainingError.self) { try trainer(keeping: ["layer.2"]) }
    #expect(
      error?.description.contains("did you mean 'layers.2'?") == true,
      "\(String(describing: error))")
  }
}
