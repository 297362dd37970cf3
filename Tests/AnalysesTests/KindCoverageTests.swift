import Testing

@testable import CoverageBench

/// Networks drawn of every kind: measured second moments against their bands.
@Suite struct KindCoverageTests {
  /// `make coverage` draws more networks, and prints the table of docs/bands.md.
  ///
  /// Five networks of a kind with three draws each are about 15 independent trials, the layers of a
  /// draw moving together: with 95 % inside, fewer than 70 % are seen once in 2,000 times.
  @Test(arguments: NetworkKind.allCases)
  func measurementsOfEveryKindLieInTheirBands(_ kind: NetworkKind) throws {
    var sum = Coverage()
    for number in 0..<5 {
      let network = DrawnNetwork(kind, number: number, seed: 5)
      sum += try Coverage.measured(of: network, draws: 3)
    }
    #expect(sum.forward.measured > 0)
    #expect(sum.forward.share > 0.7, "\(kind.rawValue) forward: \(sum.forward)")
    // Gradients through recurrent layers have no law, but for the last step.
    if sum.backward.measured > 0 {
      #expect(sum.backward.share > 0.7, "\(kind.rawValue) backward: \(sum.backward)")
    }
    #expect(sum.forward.apart == 0 && sum.backward.apart == 0, "predictions beside their bands")
  }

  /// The same number gives the same network, others another.
  @Test func networksAreDrawnByTheirNumber() {
    let first = DrawnNetwork(.dense, number: 3, seed: 1)
    #expect(first.text == DrawnNetwork(.dense, number: 3, seed: 1).text)
    #expect(first.text != DrawnNetwork(.dense, number: 4, seed: 1).text)
    #expect(first.text != DrawnNetwork(.dense, number: 3, seed: 2).text)
  }
}
