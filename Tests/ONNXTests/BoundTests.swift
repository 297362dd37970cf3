import Analyses
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import TensorFiles
import Tensors
import Testing

/// Bounds of whole models and of their gradients, held against runs in doubles.
@Suite struct BoundTests {
  private static let names = [
    "residual-dynamo", "residual-torchscript", "sequence-dynamo", "sequence-torchscript",
  ]

  @Test(arguments: names, [0, 1e-3, 1])
  func everyValueOfEverySampleIsContained(_ name: String, _ radius: Double) throws {
    let reference = try SafetensorsFile(Fixture.path("\(name).safetensors"))
    var options = ImportOptions()
    options.isTraining = true
    options.given = ["x": .tensor(try reference.tensor("x"))]
    let model = try ImportedModel(ModelFile(contentsOf: Fixture.path("\(name).onnx")), options)
    var graph = model.graph
    let cotangent = graph.addInput("cotangent", graph.type(of: model.outputs[0].value))
    let input = try #require(model.inputs.first)
    _ = try graph.differentiate(
      [(model.outputs[0].value, cotangent)], withRespectTo: model.parameters + [input.value],
      adding: { Add() })
    let trial = BoundTrial(
      graph,
      centers: [
        input.value: try reference.tensor("x"), cotangent: try reference.tensor("cotangent/y"),
      ],
      contents: model.contents, nodeFormats: model.nodeFormats)
    let bounds = trial.bounds(radius: radius)
    for sample in 0..<(radius == 0 ? 1 : 20) {
      trial.run(sample: sample, within: bounds)
      let found = trial.comparison(with: bounds)
      #expect(found.compared > 1000)
      for violation in found.violations {
        Issue.record(
          """
          \(graph.name(of: violation.value)): element \(violation.element) = \(violation.number) \
          is not in \(violation.interval), sample \(sample)
          """)
      }
    }
  }

  /// What a bound rule forgets is found: intervals that are too narrow do not contain.
  @Test func aValueOutsideIsTold() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2]))
    let y = try graph.apply(Mul(), x, x)
    let trial = BoundTrial(graph, centers: [x: Tensor([1.0, -2.0], shape: [2])], contents: [:])
    let wide = trial.bounds(radius: 0.5)
    trial.run(sample: 2, within: wide)
    #expect(trial.comparison(with: wide).violations.isEmpty)
    let found = trial.comparison(with: trial.bounds(radius: 0.25))
    #expect(found.violations.map(\.value) == [x, y])
    #expect(found.violations.last?.number == 2.25)
    #expect(found.compared == 4)
  }

  /// NaN, and what is computed from it element by element, is not compared.
  @Test func whatIsNotDefinedIsNotCompared() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2]))
    let root = try graph.apply(Sqrt(), x)
    _ = try graph.apply(Less(), root, x)
    let sum = try graph.apply(ReduceSum(axes: [0], keepsAxes: false), root)
    let trial = BoundTrial(graph, centers: [x: Tensor([4.0, -4.0], shape: [2])], contents: [:])
    let bounds = trial.bounds(radius: 0)
    trial.run(sample: 0, within: bounds)
    let found = trial.comparison(with: bounds)
    #expect(found.violations.isEmpty)
    #expect(found.compared == 2 + 1 + 1 + 0)
    #expect(trial[sum].doubles[0].isNaN)
  }

  /// A rounding to a format widens bounds to what members become.
  @Test func formatsOfNodesRoundBounds() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let y = try graph.apply(Neg(), x)
    let trial = BoundTrial(
      graph, centers: [x: Tensor([1.0 / 3], shape: [1])], contents: [:], nodeFormats: [0: .fp16])
    let bounds = trial.bounds(radius: 0)
    #expect(bounds[y].intervals == [Interval(NumberFormat.fp16.rounded(-1.0 / 3))])
  }
}
