import Testing

@testable import Reports

/// Names of layers that are cut still differ.
@Suite struct NameFittingTests {
  @Test func namesAreCutFromTheLeft() {
    let names = ["m.encoder.layer.10.attention", "m.encoder.layer.11.attention", "head"].fitted(16)
    #expect(names == ["…er.10.attention", "…er.11.attention", "head            "])
  }

  @Test func namesWithTheSameEndAreCutInTheMiddle() {
    let names = ["encoder.blocks.0.attention", "decoder.blocks.0.attention"].fitted(16)
    #expect(names == ["e…ks.0.attention", "d…ks.0.attention"])
  }
}
