import Networks
import Testing

@Suite struct LSUVTests {
  @Test func everyLayerEndsWithUnitVariance() {
    // Layers in a row whose output is the product of all scales so far and a gain of their own.
    let gains = [0.01, 30, 1.05, 4]
    var scales = [1.0, 1, 1, 1]
    let outcomes = LSUV().run(
      layerCount: 4,
      measure: { layer in (0...layer).reduce(1.0) { $0 * gains[$1] * scales[$1] } },
      scale: { scales[$0] *= $1 })
    #expect(outcomes.allSatisfy { $0.isDone && abs($0.std - 1) <= 0.1 })
    #expect(abs(outcomes[0].factor - 100) < 1e-9)
    // The third layer was near enough and is left alone.
    #expect(outcomes[2].factor == 1)
  }

  @Test func aLayerThatDoesNotRespondIsGivenUp() {
    var passes = 0
    let outcomes = LSUV(tries: 3).run(
      layerCount: 1,
      measure: { _ in
        passes += 1; return 5
      }, scale: { _, _ in })
    #expect(!outcomes[0].isDone)
    #expect(passes == 4)
  }

  @Test(arguments: [0, Double.nan, .infinity])
  func aDeadLayerIsLeftAsItIs(std: Double) {
    var scaled = false
    let outcomes = LSUV().run(
      layerCount: 1, measure: { _ in std }, scale: { _, _ in scaled = true })
    #expect(!scaled && !outcomes[0].isDone && outcomes[0].factor == 1)
  }

  @Test func errorsOfThePassAreThrown() {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try LSUV().run(layerCount: 1, measure: { _ in throw Failure() }, scale: { _, _ in })
    }
  }
}
