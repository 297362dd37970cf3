import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Values held where they are finite: masks, rows without keys, exponents, log-scales.
@Suite struct HeldValueTests {
  private func attention(_ mask: [Double], opset: Int64 = 21) -> ModelFixture {
    var fixture = ModelFixture(opset: opset)
    fixture.input("x", [2, 3])
    fixture.reals("mask", mask, [2, 3])
    fixture.node("Add", ["x", "mask"], "masked")
    fixture.node("Softmax", ["masked"], "y")
    fixture.output("y")
    return fixture
  }

  @Test(arguments: [13, 17, 18, 21] as [Int64]) func rowsWithoutKeysBecomeZero(opset: Int64) throws
  {
    let none = -Double.infinity
    let fixture = attention([0, none, 0, none, none, none], opset: opset)
    let change = try #require(EmptyAttentionRows().changes(of: fixture.patient()).first)
    #expect(change.isExact)
    let y = try change.file.outputs(["x": [1, 5, 1, 2, 3, 4]])[0]
    #expect(y == [0.5, 0, 0.5, 0, 0, 0])
    #expect(try attention([0, none, 0, 0, none, none]).patient().emptyRowChanges.isEmpty)
  }

  @Test func sumsOfTwoMasksAreHeld() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3], .float16)
    for name in ["a", "b"] { fixture.reals(name, [0, -65504, 0, 0, 0, -65504], [2, 3], .float16) }
    fixture.node("Add", ["a", "b"], "mask")
    fixture.node("Add", ["x", "mask"], "masked")
    fixture.node("Softmax", ["masked"], "y")
    fixture.output("y", .float16)
    let patient = try fixture.patient()
    let change = try #require(HeldMasks().changes(of: patient).first)
    #expect(change.file.operators.count { $0 == "Max" } == 2 && change.isExact)
    let x: [String: [Double]] = ["x": [1, 2, 3, 3, 2, 1]]
    #expect(try change.file.outputs(x) == patient.file.outputs(x))
    // One mask alone overflows nothing.
    var single = ModelFixture()
    single.input("x", [2, 3], .float16)
    single.reals("a", [0, -65504, 0, 0, 0, -65504], [2, 3], .float16)
    single.node("Add", ["x", "a"], "masked")
    single.node("Softmax", ["masked"], "y")
    single.output("y", .float16)
    #expect(try HeldMasks().changes(of: single.patient()).isEmpty)
  }

  @Test func exponentsAreHeldWhereTheyOverflow() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4])
    fixture.reals("size", [100], [])
    fixture.node("Mul", ["x", "size"], "large")
    fixture.node("Exp", ["large"], "e")
    fixture.node("Exp", ["x"], "small")
    fixture.node("Add", ["e", "small"], "y")
    fixture.output("y")
    let changes = try BoundedExponents().changes(of: fixture.patient())
    #expect(changes.count == 3)
    #expect(changes[0].file.operators == ["Mul", "Constant", "Min", "Exp", "Exp", "Add"])
    #expect(changes[0].sentence.contains("88"))
  }

  @Test func couplingsAreBoundedByTanh() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 8])
    fixture.normal("w", [8, 8], std: 3)
    fixture.normal("b", [8], std: 3)
    fixture.node("MatMul", ["x", "w"], "h")
    fixture.node("Add", ["h", "b"], "s")
    fixture.node("Exp", ["s"], "e")
    fixture.node("Mul", ["x", "e"], "y")
    fixture.output("y")
    let changes = try BoundedLogScales().changes(of: fixture.patient())
    #expect(changes.map(\.promise) == [.none, .none])
    #expect(changes[0].file.operators == ["MatMul", "Add", "Tanh", "Exp", "Mul"])
    let (old, new) = try (fixture.patient().file.initializer("b"), changes[1].file.initializer("b"))
    #expect(zip(old, new).allSatisfy { abs(0.1 * $0 - $1) < 1e-6 })
    // An exponential of what no layer gives is no log-scale.
    fixture.message.graph.node.removeFirst(2)
    fixture.message.graph.node[0].input = ["x"]
    #expect(try BoundedLogScales().changes(of: fixture.patient()).isEmpty)
  }
}

extension ModelPatient {
  fileprivate var emptyRowChanges: [ModelChange] { EmptyAttentionRows().changes(of: self) }
}
