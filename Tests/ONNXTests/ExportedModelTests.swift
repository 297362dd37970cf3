import ONNX
import TensorFiles
import Tensors
import Testing

/// Models that both exporters of PyTorch wrote, against what PyTorch computed in doubles.
@Suite struct ExportedModelTests {
  private static let names = [
    "residual-dynamo", "residual-torchscript", "sequence-dynamo", "sequence-torchscript",
  ]

  /// Parameters that an exporter reorders are called by numbers, and have no counterpart by name.
  private static let fewest = [
    "residual-dynamo": 9, "residual-torchscript": 9, "sequence-dynamo": 12,
    "sequence-torchscript": 9,
  ]

  @Test(arguments: names)
  func outputsAndGradientsAreThoseOfPyTorch(_ name: String) throws {
    let reference = try SafetensorsFile(Fixture.path("\(name).safetensors"))
    var options = ImportOptions()
    options.isTraining = true
    let x = try reference.tensor("x")
    options.given = ["x": .tensor(x)]
    let model = try ImportedModel(ModelFile(contentsOf: Fixture.path("\(name).onnx")), options)
    let (outputs, gradients) = try model.evaluated(
      ["x": x], cotangent: reference.tensor("cotangent/y"))
    // Both compute in doubles; sums differ in their order. The older exporter writes constants such
    // as the square root of 2 in single precision.
    let tolerance = name.hasSuffix("torchscript") ? 2e-7 : 1e-9
    try expectClose(try #require(outputs["y"]), reference.tensor("y"), tolerance, "y")
    var compared = 0
    for entry in reference.entries where entry.name.hasPrefix("grad/") {
      guard let found = gradients[String(entry.name.dropFirst(5))],
        found.shape == entry.shape
      else { continue }
      compared += 1
      try expectClose(found, reference.tensor(entry.name), tolerance, entry.name)
    }
    #expect(compared >= Self.fewest[name] ?? 0, "only \(compared) gradients have a counterpart")
  }

  private func expectClose(
    _ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String
  ) throws {
    try #require(found.shape == expected.shape)
    let (a, b) = (found.doubles, expected.doubles)
    let largest = max(b.map(abs).max() ?? 0, 1e-3)
    let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= tolerance * largest, "\(what) differs by \(worst) of \(largest)")
  }

  /// Names of modules tell layers apart.
  @Test func nodesKnowTheirModule() throws {
    let model = try ImportedModel(ModelFile(contentsOf: Fixture.path("residual-dynamo.onnx")))
    #expect(model.nodes.contains { $0.scope == "stem" && $0.type == "Conv" })
    #expect(model.parameterCount == 4 * 9 + 4 + 8 + 4 * 36 + 4 + 51 + 8)
  }
}
