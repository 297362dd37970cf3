import Networks
import Testing

@Suite struct YAMLRevisionTests {
  private func revised(_ text: String, _ new: String) throws -> String {
    YAMLRevision.text(text, readingAs: try YAMLTree(text: new))
  }

  @Test func aScalarChangesAndCommentsStay() throws {
    #expect(try revised("a: 1 # one\nb: 2\n", "{a: 3, b: 2}") == "a: 3 # one\nb: 2\n")
    #expect(try revised("a: 'x # y' # one\n", "{a: 3}") == "a: 3 # one\n")
    #expect(
      try revised("# top\na: {b: [1, 2], c: 3} # one\n", "{a: {b: [1, 2], c: 4}}")
        == "# top\na: {b: [1, 2], c: 4} # one\n")
  }

  @Test func partsOfAWholeFileChange() throws {
    let text = "a:\n  b:\n    # c\n    - d: 1 # e\n\nf:\n  g: {h: {i: 0.9, j: 5}}\n  # k\n  l: 16"
    #expect(
      try revised(text, "{a: {b: [{d: 1}]}, f: {g: {h: {i: 0.9, j: 6}}, l: 16}}")
        == text.replacing("j: 5", with: "j: 6"))
  }

  @Test func keysComeAndGo() throws {
    #expect(try revised("a: 1\n# of b\nb: 2\n", "{a: 1}") == "a: 1\n# of b\n")
    #expect(try revised("a: 1 # x\n\n# end\n", "{a: 1, b: 2}") == "a: 1 # x\nb: 2\n\n# end\n")
    #expect(try revised("a:\n  b: 1 # x\n", "{a: {b: 1, c: 2}}") == "a:\n  b: 1 # x\n  c: 2\n")
  }

  @Test func itemsComeAndGo() throws {
    let text = "- a # 1\n- b # 2\n- c: 1 # 3\n  d: 2\n"
    #expect(
      try revised(text, "[a, x, b, {c: 1, d: 2}]") == "- a # 1\n- x\n- b # 2\n- c: 1 # 3\n  d: 2\n")
    #expect(try revised(text, "[b, {c: 1, d: 3}]") == "- b # 2\n- c: 1 # 3\n  d: 3\n")
    #expect(try revised(text, "[a, b, {c: 1, d: 2}, z]") == text + "- z\n")
  }
}
