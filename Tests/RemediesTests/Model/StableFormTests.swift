import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Stable forms: equal where the old form is finite, finite where it is not.
@Suite struct StableFormTests {
  /// The model after the only change of a remedy.
  private func changed(_ fixture: ModelFixture, _ remedy: some ModelRemedy) throws -> ModelFile {
    let change = try #require(try remedy.changes(of: fixture.patient()).first)
    #expect(change.isExact && !change.sentence.hasSuffix("."))
    return change.file
  }

  /// Compares outputs: on small operands with those of the old form, on large ones with what is right.
  private func expectStable(
    _ fixture: ModelFixture, _ file: ModelFile, large: [Double], _ expected: [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let small = large.map { $0 / 500 }
    let old = try fixture.patient().file.outputs(["x": small])[0]
    let new = try file.outputs(["x": small])[0]
    for (a, b) in zip(old, new) { #expect(abs(a - b) < 1e-12, sourceLocation: sourceLocation) }
    for (a, b) in zip(try file.outputs(["x": large])[0], expected) {
      #expect(abs(a - b) <= 1e-9 * max(1, abs(b)), sourceLocation: sourceLocation)
    }
  }

  private func logOfSoftmax(opset: Int64 = 21) -> ModelFixture {
    var fixture = ModelFixture(opset: opset)
    fixture.input("x", [1, 3])
    fixture.node("Softmax", ["x"], "p", [.integer("axis", 1)])
    fixture.node("Log", ["p"], "y")
    fixture.output("y")
    return fixture
  }

  @Test(arguments: [9, 11, 13, 22] as [Int64])
  func logarithmsOfSoftmax(opset: Int64) throws {
    let fixture = logOfSoftmax(opset: opset)
    let file = try changed(fixture, StableLogSoftmax())
    #expect(file.operators == ["LogSoftmax"])
    try expectStable(fixture, file, large: [1000, 0, -1000], [0, -1000, -2000])
  }

  @Test func aSoftmaxThatSomethingElseReadsStays() throws {
    var fixture = logOfSoftmax()
    fixture.output("p")
    #expect(try changed(fixture, StableLogSoftmax()).operators == ["Softmax", "LogSoftmax"])
  }

  @Test func castsBetweenBothGoFirst() throws {
    var fixture = ModelFixture()
    fixture.input("x", [1, 3], .float16)
    fixture.node("Softmax", ["x"], "p", [.integer("axis", 1)])
    fixture.node("Cast", ["p"], "q", [.integer("to", 1)])
    fixture.node("Log", ["q"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableLogSoftmax())
    #expect(file.operators == ["Cast", "LogSoftmax"])
    try expectStable(fixture, file, large: [1000, 0, -1000], [0, -1000, -2000])
  }

  private func quotient(_ axes: [Int64], opset: Int64, shape: [Int64]) -> ModelFixture {
    var fixture = ModelFixture(opset: opset)
    fixture.input("x", shape)
    fixture.node("Exp", ["x"], "e")
    if opset < 13 {
      fixture.node("ReduceSum", ["e"], "s", [.integers("axes", axes.map { Int($0) })])
    } else {
      fixture.integers("axes", axes)
      fixture.node("ReduceSum", ["e", "axes"], "s")
    }
    fixture.node("Div", ["e", "s"], "y")
    fixture.output("y")
    return fixture
  }

  @Test func quotientsOfExponentials() throws {
    for opset in [11, 13, 18] as [Int64] {
      let fixture = quotient([-1], opset: opset, shape: [1, 3])
      let file = try changed(fixture, StableSoftmax())
      #expect(file.operators == ["Softmax"])
      #expect(file.message.graph.initializer.isEmpty)
      try expectStable(fixture, file, large: [1000, 0, 1000], [0.5, 0, 0.5])
    }
  }

  /// Where no Softmax computes it, the logarithm of the sum is subtracted.
  @Test func quotientsAlongOtherAxes() throws {
    for (opset, axes) in [(11, [0]), (13, [0, 1]), (18, [0, 1])] as [(Int64, [Int64])] {
      let fixture = quotient(axes, opset: opset, shape: [3, 1])
      let file = try changed(fixture, StableSoftmax())
      #expect(file.operators == ["ReduceLogSumExp", "Sub", "Exp"])
      try expectStable(fixture, file, large: [1000, 0, 1000], [0.5, 0, 0.5])
      // What is stable is left alone.
      var again = ModelFixture()
      again.message = file.message
      #expect(try StableSoftmax().changes(of: again.patient()).isEmpty)
    }
  }

  @Test func otherQuotientsStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.input("z", [2, 3])
    fixture.integers("axes", [-1])
    fixture.node("Exp", ["x"], "e")
    fixture.node("Exp", ["z"], "f")
    fixture.node("ReduceSum", ["f", "axes"], "s")
    fixture.node("Div", ["e", "s"], "y")
    fixture.output("y")
    #expect(try StableSoftmax().changes(of: fixture.patient()).isEmpty)
  }

  @Test func logarithmsOfSummedExponentials() throws {
    for (opset, keeps) in [(11, 1), (13, 0), (18, 1)] as [(Int64, Int)] {
      var fixture = ModelFixture(opset: opset)
      fixture.input("x", [1, 3])
      fixture.node("Exp", ["x"], "e")
      let keepdims = Onnx_AttributeProto.integer("keepdims", keeps)
      if opset < 13 {
        fixture.node("ReduceSum", ["e"], "s", [.integers("axes", [1]), keepdims])
      } else {
        fixture.integers("axes", [1])
        fixture.node("ReduceSum", ["e", "axes"], "s", [keepdims])
      }
      fixture.node("Log", ["s"], "y")
      fixture.output("y")
      let file = try changed(fixture, StableLogSumExp())
      #expect(file.operators == ["ReduceLogSumExp"])
      try expectStable(fixture, file, large: [1000, 0, 1000], [1000 + 0.6931471805599453])
    }
  }

  @Test func logarithmsOfSigmoids() throws {
    var fixture = ModelFixture()
    fixture.input("x", [1, 3])
    fixture.reals("one", [1], [])
    fixture.node("Sigmoid", ["x"], "p")
    fixture.node("Log", ["p"], "a")
    fixture.node("Sub", ["one", "p"], "q")
    fixture.node("Log", ["q"], "b")
    fixture.node("Add", ["a", "b"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableLogSigmoid())
    #expect(file.operators.filter { $0 == "Softplus" }.count == 2)
    #expect(!file.operators.contains("Log") && !file.operators.contains("Sigmoid"))
    try expectStable(
      fixture, file, large: [1000, 0, -1000], [-1000, -2 * 0.6931471805599453, -1000])
  }

  @Test func naiveSoftplus() throws {
    for extents in [[], [1]] as [[Int64]] {
      var fixture = ModelFixture()
      fixture.input("x", [1, 3])
      fixture.reals("one", [1], extents)
      fixture.node("Exp", ["x"], "e")
      fixture.node("Add", ["e", "one"], "s")
      fixture.node("Log", ["s"], "y")
      fixture.output("y")
      let file = try changed(fixture, StableSoftplus())
      #expect(file.operators == ["Softplus"])
      try expectStable(fixture, file, large: [1000, 0, -1000], [1000, 0.6931471805599453, 0])
    }
  }

  /// A 1 that broadcasts makes another shape.
  @Test func onesThatBroadcastStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3])
    fixture.reals("one", [1, 1], [2, 1])
    fixture.node("Exp", ["x"], "e")
    fixture.node("Add", ["e", "one"], "s")
    fixture.node("Log", ["s"], "y")
    fixture.output("y")
    #expect(try StableSoftplus().changes(of: fixture.patient()).isEmpty)
  }

  @Test func formsInFunctionsAndBranches() throws {
    var fixture = ModelFixture()
    fixture.input("x", [1, 3])
    var function = Onnx_FunctionProto()
    (function.name, function.domain) = ("Own", "own")
    (function.input, function.output) = (["a"], ["c"])
    function.node = [
      ModelFixture.node("Softmax", ["a"], "b", [.integer("axis", -1)]),
      ModelFixture.node("Log", ["b"], "c"),
    ]
    function.opsetImport = fixture.message.opsetImport
    fixture.message.functions = [function]
    var entry = Onnx_OperatorSetIdProto()
    (entry.domain, entry.version) = ("own", 1)
    fixture.message.opsetImport.append(entry)
    var call = ModelFixture.node("Own", ["x"], "y")
    call.domain = "own"
    fixture.message.graph.node = [call]
    fixture.output("y")
    let file = try changed(fixture, StableLogSoftmax())
    #expect(file.message.functions[0].node.map(\.opType) == ["LogSoftmax"])
    try expectStable(fixture, file, large: [1000, 0, -1000], [0, -1000, -2000])
  }

  /// A function of the model that is called like an operator is none.
  @Test func operatorsOfTheModelsOwnStay() throws {
    var fixture = logOfSoftmax()
    var function = Onnx_FunctionProto()
    function.name = "Softmax"
    (function.input, function.output) = (["a"], ["b"])
    function.node = [ModelFixture.node("Exp", ["a"], "b")]
    function.opsetImport = fixture.message.opsetImport
    fixture.message.functions = [function]
    #expect(try StableLogSoftmax().changes(of: fixture.patient()).isEmpty)
  }
}
