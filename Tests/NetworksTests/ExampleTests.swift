import Graphs
import Networks
import Testing

@Suite struct ExampleTests {
  @Test(arguments: Fixtures.exampleNames)
  func examplesBecomeGraphs(name: String) throws {
    let network = try NetworkDescription(
      contentsOf: Fixtures.path(ofExample: name), activations: Fixtures.activations)
    let lowered = try network.lowered(
      batch: 4, registry: Fixtures.operators, activations: Fixtures.activations)
    try lowered.graph.validate()
    #expect(lowered.layers.last?.output == lowered.output)
    let depth = Int(name.split(separator: "-").first { Int($0) != nil } ?? "") ?? 1
    let weighted: [String: Int] = [
      "residual": 200, "transformer": 72, "lstm": 1, "rnn": 1, "conv": 21, "log": 4,
    ]
    let family = String(name.prefix { $0 != "-" })
    #expect(lowered.layers.count == weighted[family] ?? depth)
  }
}
