import Testing

@testable import Reports

/// Lines break between words, and a number stays with its unit.
@Suite struct WrappingTests {
  static func lines(_ text: String, width: Int) -> [Substring] {
    Style(width: width).wrapped(text).split(separator: "\n")
  }

  @Test(arguments: [
    "the loss rose in 1,200 steps", "the file holds 3.2 GB of weights",
    "it is lost to 99.5 % there",
    "drawn with the seed 12 and with seed 7 too", "it changes by 3.1e-5 ± 1.2e-6 in all",
    "a product of 6.9e16 · 1.4e23 overflows",
  ])
  func aNumberStaysWithItsUnit(_ text: String) {
    let pairs = Wrapping.chunks(of: text).filter { $0.contains(" ") }
    #expect(!pairs.isEmpty)
    for width in 32...60 {
      let broken = Self.lines(text, width: width)
      #expect(broken.allSatisfy { $0.count <= width })
      for pair in pairs { #expect(broken.contains { $0.contains(pair) }, "\(pair) at \(width)") }
    }
  }

  @Test func wordsWithoutNumbersBreakAnywhereBetween() {
    #expect(Wrapping.chunks(of: "each layer shrinks it") == ["each", "layer", "shrinks", "it"])
    #expect(
      Wrapping.chunks(of: "at layers.4 it is 0.5, and") == [
        "at", "layers.4", "it", "is", "0.5,", "and",
      ])
  }

  @Test func aPathThatIsWiderThanALineBreaksAfterASlash() {
    let path = "Tests/CasesTests/Data/reports/08e-mask-left-padding-fp16.onnx: 5 layers"
    let broken = Self.lines(path, width: 40)
    #expect(broken.allSatisfy { $0.count <= 40 })
    #expect(broken.first == "Tests/CasesTests/Data/reports/08e-mask-")
    #expect(broken.joined().replacing(" ", with: "") == path.replacing(" ", with: ""))
  }

  @Test func proseIsNoWiderThanItIsEasyToRead() {
    let text = String(repeating: "word ", count: 100)
    #expect(Self.lines(text, width: 200).allSatisfy { $0.count <= 100 })
  }

  @Test func oneLineEndsBetweenWordsWithAMark() {
    let line = Style(width: 40).oneLine(String(repeating: "seven77 ", count: 12))
    #expect(line.hasSuffix("seven77 …"))
    #expect(line.count <= 40)
    #expect(Style(width: 40).oneLine("short") == "short")
  }
}
