import Execution
import Foundation
import Graphs
import Networks
import Semantics
import Tensors
import Testing

/// The bundled networks and their gradients are those of PyTorch in double precision.
@Suite struct ExampleGradientTests {
  /// The gradient of a parameter or of the batch, or the output, as PyTorch has it.
  struct Row {
    let shape: [Int]
    /// How the parameter is filled.
    let mean: Double
    let bound: Double
    /// The Euclidean norm; 0 where exact arithmetic gives 0.
    let norm: Double
    /// Sums with signs drawn for every element: a wrong element anywhere changes both.
    let sums: [Double]
    /// Elements at drawn places.
    let elements: [Double]
  }

  /// What Scripts/reference/example_gradients.py wrote for one example.
  struct Reference {
    let batch: Int
    /// The outermost `repeat`, and the time steps, that were run; 0 for none.
    let outermostRepeat: Int
    let steps: Int
    /// How far a gradient moved, of its norm, when every parameter was moved by its last bit.
    let movement: Double
    /// In the order of the file: a parameter that does nothing follows one that does.
    let rows: [(name: String, row: Row)]

    init(_ text: String) throws {
      let lines = text.split(separator: "\n")
      let head = try #require(lines.first).split { $0 == "," || $0 == " " }
        .compactMap { Double($0) }
      try #require(head.count == 4)
      (batch, outermostRepeat, steps) = (Int(head[0]), Int(head[1]), Int(head[2]))
      movement = head[3]
      rows = try lines.dropFirst(2).map { line in
        let fields = line.split(separator: ",")
        let numbers = fields.dropFirst(2).compactMap { Double($0) }
        try #require(fields.count == 9 && numbers.count == 7)
        let row = Row(
          shape: fields[1].split(separator: "x").compactMap { Int($0) }, mean: numbers[0],
          bound: numbers[1], norm: numbers[2], sums: [numbers[3], numbers[4]],
          elements: [numbers[5], numbers[6]])
        return (String(fields[0]), row)
      }
    }

    /// The example as it was run.
    func cut(_ network: NetworkDescription) -> NetworkDescription {
      var network = network
      if steps > 0 { network.input[0] = steps }
      let outermost = network.layers.firstIndex { $0.kind is RepeatedLayers }
      if let outermost, var repeated = network.layers[outermost].kind as? RepeatedLayers {
        repeated.count = outermostRepeat
        network.layers[outermost].kind = repeated
      }
      return network
    }
  }

  /// An example with its backward pass, laid out in double precision.
  struct Program {
    let lowered: LoweredNetwork
    let plan: Plan<Double>
    let cotangent: Value
    /// Gradients by the name of what they belong to, and the output.
    let results: [String: Value]

    init(_ network: NetworkDescription, batch: Int) throws {
      lowered = try network.lowered(
        batch: batch, registry: Fixtures.operators, activations: Fixtures.activations)
      var graph = lowered.graph
      cotangent = graph.addInput("cotangent", graph.type(of: lowered.output))
      let add = try Fixtures.operators.make("Add")
      let input = lowered.inputs[0].value
      let found = try graph.differentiate(
        [(value: lowered.output, cotangent: cotangent)], withRespectTo: graph.parameters + [input],
        adding: { add })
      try graph.validate()
      var results = ["output": lowered.output]
      results["input"] = found[input]
      for parameter in lowered.parameters { results[parameter.name] = found[parameter.value] }
      self.results = results
      plan = try Plan<Double>(graph, keeping: Array(results.values))
    }
  }

  static let command = "python3 Scripts/reference/example_gradients.py"

  private static func reference(_ name: String) throws -> Reference {
    let file = "Data/example-gradients/\(name).csv"
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: file)
    let text = try? String(contentsOf: url, encoding: .utf8)
    return try Reference(
      try #require(text, "Examples/\(name).yaml has no \(file): run '\(command) \(name)'"))
  }

  /// The largest difference relative to the norm of the whole tensor.
  ///
  /// A row of a gradient that is 0 in exact arithmetic is measured by `neighbour`, the norm of the
  /// row before.
  private static func distance(
    _ tensor: Tensor, _ name: String, _ row: Row, neighbour: Double
  ) -> Double {
    let elements = tensor.elements(as: Double.self)
    let signs = [HashedNumbers("sum 1 of \(name)"), HashedNumbers("sum 2 of \(name)")]
    var square = 0.0
    var sums = [0.0, 0.0]
    for i in elements.indices {
      square += elements[i] * elements[i]
      sums[0] += signs[0].sign(at: i) * elements[i]
      sums[1] += signs[1].sign(at: i) * elements[i]
    }
    let norm = square.squareRoot()
    guard row.norm > 0 else { return norm / neighbour }
    let places = HashedNumbers("places of \(name)")
    let drawn = (0..<2).map { elements[Int(places[$0] % UInt64(elements.count))] }
    let differences = zip([norm] + sums + drawn, [row.norm] + row.sums + row.elements).map {
      abs($0 - $1) / row.norm
    }
    // A NaN is greater than nothing.
    return differences.allSatisfy(\.isFinite) ? differences.max() ?? .infinity : .infinity
  }

  /// Both sides round every result to 53 bits and sum in orders of their own.
  ///
  /// Moving every parameter by its last bit is one rounding per parameter; products of some hundred
  /// terms round a few times as often, hence 25 movements. The data have 14 digits, of sums that
  /// are up to ten norms large, hence 1e-12. A wrong rule misses by many digits.
  @Test(arguments: Fixtures.exampleNames)
  func gradientsAreThoseOfPyTorch(name: String) throws {
    let reference = try Self.reference(name)
    let network = try NetworkDescription(
      contentsOf: Fixtures.path(ofExample: name), activations: Fixtures.activations)
    let program = try Program(reference.cut(network), batch: reference.batch)
    let plan = program.plan
    #expect(Set(reference.rows.map(\.name)) == Set(program.results.keys))

    let rows = Dictionary(uniqueKeysWithValues: reference.rows.map { ($0.name, $0.row) })
    for parameter in program.lowered.parameters {
      let row = try #require(rows[parameter.name])
      #expect(parameter.shape.extents == row.shape, "\(parameter.name)")
      HashedNumbers(parameter.name).fill(plan[parameter.value], mean: row.mean, bound: row.bound)
    }
    let input = program.lowered.inputs[0].value
    let batch = try #require(rows["input"])
    HashedNumbers("input").fill(plan[input], mean: batch.mean, bound: batch.bound)
    HashedNumbers("cotangent").fill(plan[program.cotangent], mean: 0, bound: batch.bound)
    plan.run()

    let tolerance = 1e-12 + 25 * reference.movement
    #expect(tolerance < 1e-9)
    var neighbour = 0.0
    for (name, row) in reference.rows {
      let result = try #require(program.results[name])
      let distance = Self.distance(plan[result], name, row, neighbour: neighbour)
      #expect(distance < tolerance, "\(name)")
      neighbour = row.norm
    }
  }

  /// The script reads `init` by itself; its bounds have six digits.
  @Test(arguments: Fixtures.exampleNames)
  func weightsHaveTheVarianceThatTheExampleStates(name: String) throws {
    let reference = try Self.reference(name)
    let network = try NetworkDescription(
      contentsOf: Fixtures.path(ofExample: name), activations: Fixtures.activations)
    let lowered = try reference.cut(network).lowered(
      batch: reference.batch, registry: Fixtures.operators, activations: Fixtures.activations)
    let rows = Dictionary(uniqueKeysWithValues: reference.rows.map { ($0.name, $0.row) })
    for parameter in lowered.parameters {
      let row = try #require(rows[parameter.name])
      let moments = parameter.moments
      #expect(moments.mean == row.mean, "\(parameter.name)")
      let variance = moments.secondMoment - moments.mean * moments.mean
      // What starts as a constant is spread on purpose.
      guard variance > 0 else { continue }
      #expect(abs(row.bound * row.bound / 3 / variance - 1) < 1e-5, "\(parameter.name)")
    }
  }

  /// All of Examples but one is compared at its full size: the saturated tanh doubles a rounding
  /// error with every layer or two, so that after 50 of them two programs share no digit.
  @Test func onlyTheChaoticExampleIsCut() throws {
    for name in Fixtures.exampleNames {
      let reference = try Self.reference(name)
      let network = try NetworkDescription(
        contentsOf: Fixtures.path(ofExample: name), activations: Fixtures.activations)
      #expect((reference.cut(network) != network) == (name == "tanh-50-large"), "\(name)")
    }
  }
}
