import Networks
import Testing

@Suite struct YAMLTreeTests {
  @Test(arguments: [
    "a: 1\n", "a: {b: [1, 2, x], c: \"2\"}\n", "a: \"\"\n", "a: ~\n", "- a\n- b: c\n  d: e\n",
    "a: \"quotes \\\" and \\\\ and \\n and \\x07\"\n", "a: 'it''s'\n", "\"a b\": 'null'\n",
    "layers:\n  - repeat: 2\n    layers:\n      - {dense: {units: 4}}\n      - relu\n",
    "a: |\n  text\n  more\n", "a: [[], {}, [[1]]]\n", "a: é\n", "k: '# no comment'\n",
  ])
  func writtenTreesReadBackEqual(yaml: String) throws {
    let tree = try YAMLTree(text: yaml)
    let again = try YAMLTree(text: tree.yaml)
    #expect(again == tree, "\(tree.yaml)")
  }

  @Test func linesAreCountedFromOne() throws {
    let tree = try YAMLTree(text: "a: 1\nb:\n  - x\n  - y\n")
    #expect(tree.entries?.map(\.line.number) == [1, 2])
    #expect(tree["b"]?.items?.map(\.line.number) == [3, 4])
  }

  @Test func longMappingsAreWrittenOverSeveralLines() throws {
    let entries = (0..<20).map { YAMLTree.Entry("key_number_\($0)", .integer($0)) }
    let tree = YAMLTree.map([YAMLTree.Entry("outer", .map(entries))])
    #expect(tree.yaml.hasPrefix("outer:\n  key_number_0: 0\n  key_number_1: 1\n"))
    #expect(try YAMLTree(text: tree.yaml) == tree)
  }

  @Test(arguments: [0.01, 1e-5, 1e300, 0.1 + 0.2, -2.5, 3])
  func numbersReadBackExactly(value: Double) throws {
    let text = try #require(YAMLTree.number(value).scalar)
    #expect(Double(text) == value)
  }

  @Test func aliasesStandForTheirAnchor() throws {
    let tree = try YAMLTree(text: "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n")
    #expect(tree["c"] == tree["a"])
    #expect(tree["d"]?.items?.count == 2)
  }

  @Test(arguments: [
    "a: &x [1]\nb: {*x : 1}\n", "a: &x [1]\n*x : 1\n", "a: &x [1]\n? *x\n: 1\n",
    "a: &x [1]\nb: {[*x]: 1}\n", "a: &x [1]\n[*x]: 1\n", "a: &x [1]\nb: {c: d, {*x}: 1}\n",
    "a: &x [1]\nb: {*x}\n", "a: 'it''s'\nb: &x [\"]\"]\nc: {q: {*x : 2}}\n",
  ])
  func keysThatAreCollectionsOrAliasesAreRefused(yaml: String) {
    #expect {
      try YAMLTree(text: yaml, file: "f.yaml")
    } throws: { error in
      "\(error)".hasSuffix("a key is a collection or an alias; keys must be plain names")
    }
  }

  @Test(arguments: [
    "a: 2 * 3\n", "a: &x {b: c}\nd: {e: *x, f: [*x, {g: *x}]}\n", "# {*x: 1}\na: 1\n",
    "a: \"{*x: 1}\"\n", "a: 'it''s {*x : 1}'\n", "a: &x 1\nb:\n  - *x\n  - c: *x\n",
  ])
  func aliasesAsValuesAreAccepted(yaml: String) throws {
    _ = try YAMLTree(text: yaml)
  }
}
