import Testing

@testable import Reports

/// Sections give way in their order until all of them fit.
@Suite struct ScreenfulTests {
  static func text(_ lines: Int, _ letter: String) -> String {
    Array(repeating: letter, count: lines).joined(separator: "\n")
  }

  static var screen: Screenful {
    var screen = Screenful()
    screen.add(["head"])
    screen.add([text(9, "a"), text(4, "a"), ""], giving: [1, 4])
    screen.add([text(9, "b"), text(5, "b"), text(2, "b")], giving: [2, 3])
    return screen
  }

  @Test func withoutAnEndNothingGivesWay() {
    let (text, isShort) = Self.screen.fitting(nil)
    #expect(text.lineCount == 21)
    #expect(!isShort)
  }

  @Test(arguments: [
    (20, 4, 9), (16, 4, 9), (13, 4, 5), (12, 4, 5), (9, 4, 2), (8, 0, 5), (6, 0, 2),
  ])
  func givesWayInOrder(_ lines: Int, _ a: Int, _ b: Int) {
    let (text, isShort) = Self.screen.fitting(lines)
    #expect(text.lineCount <= lines)
    #expect(isShort)
    #expect(text.count { $0 == "a" } == a + 1, "the head has one")
    #expect(text.count { $0 == "b" } == b)
  }
}
