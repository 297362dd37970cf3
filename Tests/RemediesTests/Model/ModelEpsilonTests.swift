import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Epsilons of a size that the data type keeps, where operands can reach 0.
@Suite struct ModelEpsilonTests {
  private func changed(
    _ fixture: ModelFixture, _ endangered: [String], _ remedy: some ModelRemedy = AddedEpsilon()
  ) throws -> ModelFile {
    let change = try #require(try remedy.changes(of: fixture.patient(endangered)).first)
    #expect(!change.isExact)
    return change.file
  }

  @Test func underTheRootOfADivisor() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3])
    fixture.node("Mul", ["x", "x"], "v")
    fixture.node("Sqrt", ["v"], "d")
    fixture.node("Div", ["x", "d"], "y")
    fixture.output("y")
    let file = try changed(fixture, ["y"])
    #expect(file.operators == ["Mul", "Constant", "Add", "Sqrt", "Div"])
    let y = try file.outputs(["x": [0, 1, -100]])[0]
    #expect(y[0] == 0 && abs(y[1] - 1) < 1e-4 && abs(y[2] + 1) < 1e-8)
  }

  @Test func whatCanBeNegativeIsHeldAbove() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3])
    fixture.node("Log", ["x"], "y")
    fixture.output("y")
    let file = try changed(fixture, ["y"])
    #expect(file.operators == ["Constant", "Max", "Log"])
    let y = try file.outputs(["x": [0, -3, 2]])[0]
    #expect(y.allSatisfy(\.isFinite) && abs(y[2] - 0.6931471805599453) < 1e-12)
  }

  @Test func divisorsOfEitherSign() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4])
    fixture.node("Reciprocal", ["x"], "y")
    fixture.output("y")
    let file = try changed(fixture, ["y"])
    let y = try file.outputs(["x": [0, -4, 2, 1e-9]])[0]
    #expect(y.allSatisfy(\.isFinite) && abs(y[1] + 0.25) < 1e-7 && abs(y[2] - 0.5) < 1e-6)
  }

  @Test func normsGetAGradient() throws {
    var fixture = ModelFixture()
    fixture.input("x", [1, 3])
    fixture.integers("axes", [1])
    fixture.node("ReduceL2", ["x", "axes"], "n")
    fixture.node("Div", ["x", "n"], "y")
    fixture.output("y")
    let file = try changed(fixture, ["y"])
    #expect(file.operators == ["ReduceSumSquare", "Constant", "Add", "Sqrt", "Div"])
    #expect(try file.outputs(["x": [0, 0, 0]])[0] == [0, 0, 0])
  }

  /// 1e-12 is 0 in float16, and what replaces it is not.
  @Test func epsilonsThatTheTypeLoses() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3], .float16)
    fixture.reals("epsilon", [1e-12], [], .float16)
    fixture.node("Mul", ["x", "x"], "v")
    fixture.node("Add", ["v", "epsilon"], "e")
    fixture.node("Sqrt", ["e"], "d")
    fixture.node("Div", ["x", "d"], "y")
    fixture.output("y", .float16)
    let file = try changed(fixture, ["y"])
    #expect(file.operators == ["Mul", "Constant", "Add", "Sqrt", "Div"])
    let tensor = try #require(file.message.graph.node[1].attribute.first?.t)
    let (epsilon, type) = try file.contents(of: tensor)
    // A normal number of the type, small against the squares of ordinary inputs.
    #expect(type == .float16 && (6.2e-5...1e-3).contains(epsilon.doubles[0]))
    #expect(!file.message.graph.initializer.contains { $0.name == "epsilon" })
  }

  @Test func normsWithoutEpsilon() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.reals("scale", [1, 1, 1], [3])
    fixture.node("LayerNormalization", ["x", "scale"], "y", [.real("epsilon", 0)])
    fixture.output("y")
    let file = try changed(fixture, [], RaisedNormEpsilon())
    #expect(file.message.graph.node[0].attribute[0].f == 1e-5)
    #expect(try file.outputs(["x": [1, 1, 1, 0, 0, 0]])[0].allSatisfy(\.isFinite))
    // The usual one stays.
    fixture.message.graph.node[0].attribute = [.real("epsilon", 1e-5)]
    #expect(try RaisedNormEpsilon().changes(of: fixture.patient()).isEmpty)
  }

  @Test func whatIsNotEndangeredStays() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3])
    fixture.node("Sqrt", ["x"], "y")
    fixture.output("y")
    #expect(try AddedEpsilon().changes(of: fixture.patient()).isEmpty)
  }
}
