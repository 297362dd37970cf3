import Graphs
import ONNXMessages
import Operators
import Semantics
import Tensors
import Testing

@testable import ONNX

/// Shapes and branches that depend on what inputs hold.
@Suite struct GivenContentsTests {
  private func axis(_ number: Int64) -> [Onnx_AttributeProto] {
    var attribute = Onnx_AttributeProto()
    attribute.name = "axis"
    attribute.type = .int
    attribute.i = number
    return [attribute]
  }

  private func model() -> TestModel {
    var model = TestModel(opset: 18)
    model.input("x", .float, [4, 3])
    model.output("y")
    model.message.graph.initializer = [TestModel.floats("w", [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])]
    return model
  }

  /// Rows of x · w that x chooses by the sign of its first column.
  private func mixture() -> TestModel {
    var model = model()
    var zero = Onnx_TensorProto()
    zero.name = "zero"
    zero.dataType = Int32(DataType.int64.rawValue)
    zero.int64Data = [0]
    model.message.graph.initializer += [zero, TestModel.floats("val_0", [0], [])]
    model.node("MatMul", ["x", "w"], ["h"])
    model.node("Gather", ["h", "zero"], ["c"], axis(1))
    model.node("Greater", ["c", "val_0"], ["m"])
    model.node("Compress", ["h", "m"], ["y"], axis(0))
    return model
  }

  @Test func whatShapesDependOnKeepsItsGradient() throws {
    let x = Tensor([1.0, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0], shape: [4, 3])
    var options = ImportOptions()
    options.given["x"] = .tensor(x)
    let model = try mixture().imported(options)
    #expect(model.specialised == ["x"])
    #expect(model.inputs.map(\.name) == ["x"] && model.parameters.count == 1)
    #expect(model.graph.type(of: model.outputs[0].value).shape == [2, 3])
    var graph = model.graph
    let seed = graph.addInput("dy", TensorType([2, 3]))
    let found = try graph.differentiate(
      [(model.outputs[0].value, seed)],
      withRespectTo: model.parameters + model.inputs.map(\.value), adding: { Add() })
    #expect(found[model.parameters[0]] != nil && found[model.inputs[0].value] != nil)
  }

  @Test func whatIsNotGivenIsNamed() throws {
    let error = #expect(throws: ModelError.self) { try mixture().imported() }
    #expect(error?.code == .needsContents)
    #expect(error?.problem.contains("'x'") == true)
  }

  /// One branch has a shape that does not fit, and is not taken.
  private func branches() -> TestModel {
    var model = model()
    model.input("c", .bool, [])
    func branch(_ name: String, _ nodes: [Onnx_NodeProto]) -> Onnx_AttributeProto {
      var attribute = Onnx_AttributeProto()
      attribute.name = name
      attribute.type = .graph
      attribute.g.node = nodes
      attribute.g.output = [TestModel.port(nodes.last?.output[0] ?? "", .float, [])]
      return attribute
    }
    model.node(
      "If", ["c"], ["y"],
      [
        branch("then_branch", [TestModel.node("MatMul", ["x", "w"], ["a"])]),
        branch("else_branch", [TestModel.node("MatMul", ["w", "x"], ["b"])]),
      ])
    return model
  }

  @Test func branchesThatAreNotTakenRefuseNothing() throws {
    var options = ImportOptions()
    options.given["c"] = .tensor(Tensor([true], shape: .scalar))
    let model = try branches().imported(options)
    #expect(model.graph.type(of: model.outputs[0].value).shape == [4, 3])
    options.given["c"] = .tensor(Tensor([false], shape: .scalar))
    #expect(throws: ModelError.self) { try branches().imported(options) }
    let error = #expect(throws: ModelError.self) { try branches().imported() }
    #expect(error?.code == .needsContents)
  }

  @Test func weightsInConstantNodesAreParameters() throws {
    var model = TestModel(opset: 18)
    model.input("x", .float, [4, 3])
    model.output("y")
    func constant(_ tensor: Onnx_TensorProto) {
      var attribute = Onnx_AttributeProto()
      attribute.name = "value"
      attribute.type = .tensor
      attribute.t = tensor
      model.node("Constant", [], [tensor.name], [attribute])
    }
    constant(TestModel.floats("w", [1, 2, 3, 4, 5, 6], [3, 2]))
    constant(TestModel.floats("b", [1, 2], [2]))
    constant(TestModel.floats("one", [1], []))
    model.node("MatMul", ["x", "w"], ["h"])
    model.node("Add", ["h", "b"], ["s"])
    model.node("Add", ["s", "one"], ["y"])
    let alone = try model.imported()
    #expect(Set(alone.parameters.map { alone.graph.name(of: $0) }) == ["w", "b"])
    // Beside weights that are initializers a constant is one only where weights are read.
    model.message.graph.initializer = [TestModel.floats("v", [1, 2, 3, 4], [2, 2])]
    model.message.graph.node.removeLast()
    model.node("MatMul", ["s", "v"], ["y"])
    let beside = try model.imported()
    #expect(Set(beside.parameters.map { beside.graph.name(of: $0) }) == ["w", "v"])
  }
}
