import Analyses
import Graphs
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
    let trial = try BoundTrial(
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
}
