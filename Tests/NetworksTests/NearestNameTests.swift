import Networks
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("dens", "dense"), ("Dense", "dense"), ("tahn", "tanh"), ("layernorm", "layer_norm"),
    ("convd2", "conv2d"),
  ])
  func theNearestNameIsFound(written: String, meant: String) {
    let names = ["dense", "conv1d", "conv2d", "layer_norm", "batch_norm", "tanh"]
    #expect(nearestName(to: written, among: names) == meant)
  }

  @Test func nothingNearIsNothing() {
    #expect(nearestName(to: "transformer", among: ["dense", "tanh"]) == nil)
    #expect(nearestName(to: "ab", among: ["cd"]) == nil)
    #expect(nearestName(to: "", among: []) == nil)
  }
}
