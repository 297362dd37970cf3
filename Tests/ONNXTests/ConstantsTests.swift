import Foundation
import Graphs
import ONNXMessages
import Operators
import Tensors
import Testing

@testable import ONNX

/// What is a parameter and what a constant, and what is written twice.
@Suite struct ConstantsTests {
  private func model(initializer name: String, _ numbers: [Float]) throws -> ImportedModel {
    var model = TestModel()
    model.input("x", .float, [2, 3])
    model.output("y")
    model.message.graph.initializer = [
      TestModel.floats(name, numbers, numbers.count == 1 ? [] : [Int64(numbers.count)])
    ]
    model.node("Mul", ["x", name], ["y"])
    return try model.imported()
  }

  @Test func numbersThatExportersCountAreConstants() throws {
    for name in ["val_12", "onnx::Mul_7", "scalar_tensor_default", "scalar_tensor_default_3"] {
      let imported = try model(initializer: name, [0.1])
      #expect(imported.parameters.isEmpty, "\(name)")
      let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3])
      let y = try #require(try imported.evaluated(["x": x]).outputs["y"])
      #expect(y.doubles == x.doubles.map { $0 * 0.1 }, "\(name) is not 0.1")
    }
    for name in ["temperature", "val", "my_val_1", "norm.weight"] {
      #expect(try model(initializer: name, [0.1]).parameters.count == 1, "\(name)")
    }
    #expect(try model(initializer: "val_12", [0.1, 0.2, 0.3]).parameters.count == 1)
  }

  @Test func masksAreNoParameters() throws {
    #expect(try model(initializer: "mask", [0, -.infinity, -.infinity]).parameters.isEmpty)
    #expect(try model(initializer: "mask", [0, -1e9, -1e9]).parameters.count == 1)
    // Weights that have diverged are what a check must tell of.
    #expect(try model(initializer: "w", [.infinity, 1, -.infinity]).parameters.count == 1)
    #expect(try model(initializer: "w", [-.infinity, .nan, 0]).parameters.count == 1)
  }

  /// x − m, written once or twice, times itself.
  @Test(arguments: [true, false]) func squaresAreKnown(_ isWrittenTwice: Bool) throws {
    var model = TestModel()
    model.input("x", .float, [2, 3])
    model.input("m", .float, [2, 1])
    model.output("y")
    model.node("Sub", ["x", "m"], ["a"])
    if isWrittenTwice { model.node("Sub", ["x", "m"], ["b"]) }
    model.node("Mul", ["a", isWrittenTwice ? "b" : "a"], ["y"])
    let imported = try model.imported()
    #expect(imported.graph.nodes.contains { $0.op is Pow })
    let (outputs, _) = try imported.evaluated([
      "x": Tensor([1.0, 2, 3, 4, 5, 6], shape: [2, 3]), "m": Tensor([2.0, 7], shape: [2, 1]),
    ])
    #expect(try #require(outputs["y"]).doubles == [1, 0, 1, 9, 4, 1])
  }

  @Test func differentDifferencesAreNoSquare() throws {
    var model = TestModel()
    model.input("x", .float, [3])
    model.input("m", .float, [3])
    model.output("y")
    model.node("Sub", ["x", "m"], ["a"])
    model.node("Sub", ["m", "x"], ["b"])
    model.node("Mul", ["a", "b"], ["y"])
    #expect(try !model.imported().graph.nodes.contains { $0.op is Pow })
  }
}
