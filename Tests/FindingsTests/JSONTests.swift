import Findings
import Testing

@Suite struct JSONTests {
  @Test func keepsTheOrderOfMembers() {
    let json = JSON.object(["schema": .text("evenkeel.check/1"), "a": .integer(1), "0": .null])
    #expect(json.line == #"{"schema": "evenkeel.check/1", "a": 1, "0": null}"#)
  }

  @Test func writesNonFiniteNumbersAsTexts() {
    let json = JSON.array([.number(.nan), .number(.infinity), .number(-.infinity)])
    #expect(json.line == #"["nan", "inf", "-inf"]"#)
  }

  @Test(arguments: [
    0.1, 1e-63, Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude, 3, -2.5e15,
  ])
  func writesNumbersThatReadBackAsTheSame(_ number: Double) {
    #expect(Double(JSON.number(number).line) == number)
  }

  @Test func escapesWhatJSONDoesNotAllow() {
    #expect(JSON.text("a\"b\\c\n\t\u{1}é").line == #""a\"b\\c\n\t\u0001é""#)
  }

  @Test func breaksLongObjectsOverLines() {
    let long = JSON.object([
      "a": .text(String(repeating: "x", count: 80)), "b": .array([.integer(1)]),
    ])
    #expect(long.text.split(separator: "\n").count == 4)
    #expect(JSON.object(["a": .integer(1)]).text == #"{"a": 1}"#)
  }
}
