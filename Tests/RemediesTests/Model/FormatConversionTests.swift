import Numbers
import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Models in single precision made to store and compute in a narrow type.
@Suite struct FormatConversionTests {
  private func converted(
    _ fixture: ModelFixture, _ type: ONNX.DataType = .float16
  ) throws -> ModelFile {
    let patient = try fixture.patient()
    return try FormatConversion(patient.file, patient.model, to: type).file
  }

  @Test func bordersKeepTheirTypes() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2])
    fixture.reals("w", [1.5, 1e9], [2])
    fixture.node("Mul", ["x", "w"], "h")
    fixture.message.graph.valueInfo = [ModelFixture.port("h", .float, [2])]
    fixture.node("Tanh", ["h"], "y")
    fixture.output("y")
    let file = try converted(fixture)
    #expect(file.operators == ["Cast", "Mul", "Tanh", "Cast"])
    #expect(file.message.graph.input == fixture.message.graph.input)
    #expect(file.message.graph.output == fixture.message.graph.output)
    #expect(file.message.graph.valueInfo[0].type.tensorType.elemType == 10)
    // What the type does not hold becomes its greatest.
    #expect(try file.initializer("w") == [1.5, 65504])
    let model = try ImportedModel(file)
    #expect(model.nodeFormats.values.allSatisfy { $0 == .fp16 } && model.nodeFormats.count >= 3)
    #expect(try file.outputs(["x": [0, 1]])[0] == [0, 1])
  }

  /// Scales of Resize are in single precision whatever it resizes.
  @Test func operatorsThatKnowNoNarrowTypesStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [1, 1, 2, 2])
    fixture.reals("scales", [1, 1, 2, 2], [4])
    fixture.node("Resize", ["x", "", "scales"], "r")
    fixture.node("Neg", ["r"], "y")
    fixture.output("y")
    let file = try converted(fixture, .bfloat16)
    #expect(file.operators == ["Resize", "Cast", "Neg", "Cast"])
    let y = try file.outputs(["x": [1, 2, 3, 4]])[0]
    #expect(y.count == 16 && y[0] == -1 && y[15] == -4)
  }

  @Test func graphsWithinNodesAreConverted() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2])
    var branch = Onnx_GraphProto()
    branch.name = "branch"
    branch.node = [
      ModelFixture.node("Constant", [], "c", [.tensor("value", .scalar(2, .float))]),
      ModelFixture.node("Mul", ["x", "c"], "inner"),
    ]
    branch.output = [ModelFixture.port("inner", .float, [2])]
    let branches = ["then_branch", "else_branch"].map { name in
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type, attribute.g) = (name, .graph, branch)
      return attribute
    }
    var flag = Onnx_TensorProto()
    (flag.name, flag.dataType, flag.int32Data) = ("flag", 9, [1])
    fixture.message.graph.initializer = [flag]
    fixture.node("If", ["flag"], "y", branches)
    fixture.output("y")
    let file = try converted(fixture)
    #expect(file.operators == ["If", "Cast"])
    let inner = file.message.graph.node[0].attribute[0].g
    #expect(inner.node.map(\.opType) == ["Constant", "Cast", "Mul"])
    #expect(inner.node[0].attribute[0].t.dataType == 10)
    #expect(inner.output[0].type.tensorType.elemType == 10)
    #expect(inner.node[2].input[0] == inner.node[1].output[0])
    #expect(try file.outputs(["x": [1, 2]])[0] == [2, 4])
  }

  @Test func whatHoldsNoSinglesIsRefused() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2], .float16)
    fixture.node("Neg", ["x"], "y")
    fixture.output("y", .float16)
    #expect(throws: ModelError.self) { try converted(fixture) }
  }
}
