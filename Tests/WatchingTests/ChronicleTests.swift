import Findings
import RealModule
import Testing
import Watching

@Suite struct ChronicleTests {
  /// Weights of one layer grow first, its activations and the loss later.
  private static func growing(_ weights: Double, from onset: Int, steps: Int) -> [StepRecord] {
    var run = Records()
    run.change = { record in
      let after = Double(max(0, record.step - onset + 1))
      let later = max(0, after - 3)
      record.parameters[2].weight.secondMoment *= .pow(weights, 2 * after)
      record.layers[2].activation.secondMoment *= .pow(weights, 2 * later)
      record.loss *= .pow(weights, later)
    }
    return (0..<steps).map { run.record($0) }
  }

  @Test(arguments: [1.05, 1.3, 3.1])
  func whatGrewFirstComesFirst(rate: Double) throws {
    let steps = 60 + Int(3 / Double.log(rate)) + 8
    let origins = Chronicle(Self.growing(rate, from: 60, steps: steps)).origins()
    let first = try #require(origins.first)
    #expect(first.quantity == .weight && first.name == "layers.2.weight")
    #expect(first.step == 60)
    #expect(abs(first.rate - rate) < 0.02 * rate)
    #expect(first.sentence.hasPrefix("the weights of layers.2.weight grew ×"))
    let activation = try #require(origins.first { $0.quantity == .activation })
    #expect(activation.name == "layers.2" && abs(activation.step - 63) <= 2)
    #expect(Set(origins.map(\.quantity)) == [.weight, .activation, .loss])
    #expect(origins.map(\.step) == origins.map(\.step).sorted())
  }

  @Test func aHealthyWindowHasNoOrigins() {
    #expect(Chronicle((0..<300).map { Records().record($0) }).origins().isEmpty)
    #expect(Chronicle([]).origins().isEmpty)
  }

  /// What is not finite ends a series; what came before is enough.
  @Test func recordsOfTheEndMayBeBroken() throws {
    var records = Self.growing(2, from: 40, steps: 60)
    for i in 55..<60 {
      records[i].loss = .nan
      records[i].parameters[2].weight = Records.health(0, nonFinite: 64)
      records[i].refusal = .init(place: .loss, tensor: "loss", nanCount: 1, infinityCount: 0)
    }
    let first = try #require(Chronicle(records).origins().first)
    #expect(first.quantity == .weight && first.step == 40)
  }

  /// The watch tells while everything is finite, and says the same.
  @Test func growthIsToldBeforeTheFirstNaN() throws {
    var watch = Watch(WatchSubject(width: 64, baselineLoss: 1))
    var told: WatchedFinding?
    for record in Self.growing(1.5, from: 60, steps: 80) {
      for case .began(let finding) in watch.observe(record) where told == nil { told = finding }
    }
    let finding = try #require(told)
    #expect(finding.told <= 66)
    let origins = watch.origins
    #expect(origins.first?.name == "layers.2.weight" && origins.first?.step == 60)
  }

  /// The recorded divergence: the step at which the loss and the weights take off.
  @Test func aRealDivergenceIsDated() throws {
    let run = try RecordedRun("diverging")
    let refused = try #require(run.records.firstIndex { $0.refusal != nil })
    let first = try #require(Chronicle(run.records).origins().first)
    #expect(first.step < refused && first.rate > 1.1)
  }
}
