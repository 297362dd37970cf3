import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Regions of fp32 in models of narrow types.
@Suite struct SinglePrecisionNodesTests {
  /// `x` times 3000, squared, and brought back.
  private func squares() -> ModelFixture {
    var fixture = ModelFixture()
    fixture.input("x", [64], .float16)
    fixture.reals("large", [3000], [], .float16)
    fixture.reals("root", [30000], [], .float16)
    fixture.node("Mul", ["x", "large"], "a")
    fixture.node("Mul", ["a", "a"], "b")
    fixture.node("Div", ["b", "root"], "c")
    fixture.node("Div", ["c", "root"], "d")
    fixture.node("Tanh", ["d"], "y")
    fixture.output("y", .float16)
    return fixture
  }

  @Test func oneRegionHasOnePairOfCasts() throws {
    let change = try #require(try SinglePrecisionNodes().changes(of: squares().patient()).first)
    #expect(change.isExact)
    // The square overflows and its quotient does not: both compute in fp32, with what they read cast once.
    #expect(
      change.file.operators == ["Mul", "Cast", "Mul", "Cast", "Div", "Cast", "Div", "Tanh"])
    let model = try ImportedModel(change.file)
    #expect(model.outputs[0].type == .float16)
    #expect(change.file.message.graph.node[5].output == ["c"])
  }

  @Test func whatFitsStays() throws {
    var fixture = ModelFixture()
    fixture.input("x", [64], .float16)
    fixture.node("Mul", ["x", "x"], "y")
    fixture.output("y", .float16)
    #expect(try SinglePrecisionNodes().changes(of: fixture.patient()).isEmpty)
  }

  /// An output whose own type does not hold it cannot be repaired so.
  @Test func outputsThatOverflowAreNotRepaired() throws {
    var fixture = squares()
    fixture.message.graph.node.removeLast(3)
    fixture.message.graph.output = []
    fixture.output("b", .float16)
    #expect(try SinglePrecisionNodes().changes(of: fixture.patient()).isEmpty)
  }

  @Test func modelsInSinglePrecisionHaveNothingToChange() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4])
    fixture.node("Mul", ["x", "x"], "y")
    fixture.output("y")
    #expect(try SinglePrecisionNodes().changes(of: fixture.patient()).isEmpty)
  }
}
