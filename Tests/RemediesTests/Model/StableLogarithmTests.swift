import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Logarithms taken apart, quotients of exponentials, variances, branches and domains: equal where
/// the old form is finite, and finite where it is not.
@Suite struct StableLogarithmTests {
  private func changed(
    _ fixture: ModelFixture, _ remedy: some ModelRemedy, endangered: [String] = [],
    isExact: Bool = true
  ) throws -> ModelFile {
    let change = try #require(try remedy.changes(of: fixture.patient(endangered)).first)
    #expect(change.isExact == isExact && !change.sentence.hasSuffix("."))
    return change.file
  }

  /// Compares the outputs in doubles, where both are to be equal.
  private func expectEqual(
    _ fixture: ModelFixture, _ file: ModelFile, _ x: [Double], tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let old = try fixture.patient().file.outputs(["x": x])[0]
    let new = try file.outputs(["x": x])[0]
    #expect(old.count == new.count, sourceLocation: sourceLocation)
    for (a, b) in zip(old, new) {
      #expect(abs(a - b) <= tolerance * max(1, abs(a)), sourceLocation: sourceLocation)
    }
  }

  private let some = [0.3, -1.2, 2.5, 0.1, 0.9, -0.4]

  /// A model of x, [2, 3], whose softmax goes through some nodes before a logarithm is taken.
  private func moved(_ move: (inout ModelFixture) -> Void) -> ModelFixture {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.node("Softmax", ["x"], "p", [.integer("axis", 1)])
    move(&fixture)
    fixture.node("Log", ["q"], "y")
    fixture.output("y")
    return fixture
  }

  @Test func logSoftmaxThroughWhatMovesElements() throws {
    let fixtures = [
      moved { $0.node("Transpose", ["p"], "q", [.integers("perm", [1, 0])]) },
      moved {
        $0.integers("shape", [6])
        $0.node("Reshape", ["p", "shape"], "q")
      },
      moved {
        $0.integers("places", [2, 0])
        $0.node("Gather", ["p", "places"], "q", [.integer("axis", 1)])
      },
      moved {
        $0.integers("first", [0])
        $0.integers("last", [2])
        $0.integers("axes", [1])
        $0.node("Slice", ["p", "first", "last", "axes"], "r")
        $0.node("Unsqueeze", ["r", "axes"], "q")
      },
    ]
    for fixture in fixtures {
      let file = try changed(fixture, StableLogSoftmax())
      #expect(file.operators.contains("LogSoftmax") && !file.operators.contains("Log"))
      #expect(!file.operators.contains("Softmax"))
      try expectEqual(fixture, file, some)
      #expect(
        try file.outputs(["x": [900, -900, 0, 0, 900, -900]])[0].allSatisfy(\.isFinite))
    }
  }

  @Test func logarithmsOfOneHotProducts() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.integers("labels", [2, 0])
    fixture.integers("depth", [3])
    fixture.reals("values", [0, 1], [2])
    fixture.integers("axes", [1])
    fixture.node("OneHot", ["labels", "depth", "values"], "marks")
    fixture.node("Softmax", ["x"], "p", [.integer("axis", 1)])
    fixture.node("Mul", ["p", "marks"], "m")
    fixture.node("ReduceSum", ["m", "axes"], "s")
    fixture.node("Log", ["s"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableLogSoftmax())
    #expect(file.operators.contains("LogSoftmax") && !file.operators.contains("Log"))
    try expectEqual(fixture, file, some)
    // A product with what need not be one-hot stays.
    fixture.message.graph.initializer[2].floatData = [0, 0.5]
    #expect(try StableLogSoftmax().changes(of: fixture.patient()).isEmpty)
  }

  /// log Σ w·eᵃ with weights from a softmax, over scales, as mixtures of densities have it.
  @Test func logSumExpWithWeights() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.integers("axes", [1])
    fixture.reals("root", [2.5], [])
    fixture.node("Softmax", ["x"], "w", [.integer("axis", 1)])
    fixture.node("Exp", ["x"], "scale")
    fixture.node("Mul", ["x", "x"], "square")
    fixture.node("Neg", ["square"], "negative")
    fixture.node("Exp", ["negative"], "density")
    fixture.node("Mul", ["w", "density"], "product")
    fixture.node("Mul", ["scale", "root"], "divisor")
    fixture.node("Div", ["product", "divisor"], "term")
    fixture.node("ReduceSum", ["term", "axes"], "sum")
    fixture.node("Log", ["sum"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableLogarithm())
    #expect(file.operators.contains("ReduceLogSumExp") && !file.operators.contains("Log"))
    // The logarithm of a constant is stored in single precision.
    try expectEqual(fixture, file, some, tolerance: 0x1p-23)
    let far = try file.outputs(["x": [50, 60, 70, -50, -60, -70]])[0]
    #expect(far.allSatisfy { $0.isFinite && $0 < -2000 })
  }

  @Test func logarithmsOfExponentialsSquaresAndProducts() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.reals("three", [3], [])
    fixture.node("Exp", ["x"], "e")
    fixture.node("Mul", ["e", "three"], "m")
    fixture.node("Mul", ["m", "m"], "s")
    fixture.node("Log", ["s"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableLogarithm())
    #expect(!file.operators.contains("Exp"))
    // The logarithm of a constant is stored in single precision.
    try expectEqual(fixture, file, some, tolerance: 0x1p-23)
    #expect(try file.outputs(["x": [800, -800, 0, 0, 0, 0]])[0].allSatisfy(\.isFinite))
  }

  /// A product of two numbers that may both be negative has a logarithm, and they have none.
  @Test func factorsOfUnknownSignStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.node("Exp", ["x"], "e")
    fixture.node("Sin", ["x"], "f")
    fixture.node("Mul", ["e", "f"], "m")
    fixture.node("Log", ["m"], "y")
    fixture.output("y")
    #expect(try StableLogarithm().changes(of: fixture.patient()).isEmpty)
  }

  @Test func sigmoidsAsQuotients() throws {
    for form in 0..<4 {
      var fixture = ModelFixture()
      fixture.input("x", [2, 3])
      fixture.reals("one", [1], [])
      fixture.node("Neg", ["x"], "n")
      fixture.node("Exp", [form == 1 ? "x" : "n"], "e")
      fixture.node("Add", ["e", "one"], "s")
      switch form {
      case 0: fixture.node("Div", ["one", "s"], "y")
      case 1: fixture.node("Div", ["e", "s"], "y")
      case 2: fixture.node("Reciprocal", ["s"], "y")
      default: fixture.node("Div", ["x", "s"], "y")
      }
      fixture.output("y")
      let file = try changed(fixture, StableSigmoid())
      #expect(file.operators.contains("Sigmoid") && !file.operators.contains("Exp"))
      try expectEqual(fixture, file, some)
    }
  }

  @Test func hyperbolicTangentsAsQuotients() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.node("Neg", ["x"], "n")
    fixture.node("Exp", ["x"], "a")
    fixture.node("Exp", ["n"], "b")
    fixture.node("Sub", ["a", "b"], "t")
    fixture.node("Add", ["b", "a"], "s")
    fixture.node("Div", ["t", "s"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableSigmoid())
    #expect(file.operators == ["Tanh"])
    try expectEqual(fixture, file, some)
  }

  @Test func variancesAsDifferences() throws {
    for keeps in [0, 1] {
      var fixture = ModelFixture()
      fixture.input("x", [2, 3])
      fixture.integers("axes", [1])
      let keepdims = Onnx_AttributeProto.integer("keepdims", keeps)
      fixture.node("Mul", ["x", "x"], "q")
      fixture.node("ReduceMean", ["q", "axes"], "m2", [keepdims])
      fixture.node("ReduceMean", ["x", "axes"], "m", [keepdims])
      fixture.node("Mul", ["m", "m"], "mm")
      fixture.node("Sub", ["m2", "mm"], "y")
      fixture.output("y")
      let file = try changed(fixture, StableVariance())
      try expectEqual(fixture, file, some)
      #expect(try file.outputs(["x": [1e8 + 1, 1e8, 1e8, 7, 7, 7]])[0][1] == 0)
    }
  }

  /// Means along other axes are something else.
  @Test func differencesOfOtherMeansStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [3, 3])
    fixture.integers("rows", [1])
    fixture.integers("columns", [0])
    fixture.node("Mul", ["x", "x"], "q")
    fixture.node("ReduceMean", ["q", "rows"], "m2")
    fixture.node("ReduceMean", ["x", "columns"], "m")
    fixture.node("Mul", ["m", "m"], "mm")
    fixture.node("Sub", ["m2", "mm"], "y")
    fixture.output("y")
    #expect(try StableVariance().changes(of: fixture.patient()).isEmpty)
  }

  @Test func rootsOfASoftmax() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.node("Softmax", ["x"], "p", [.integer("axis", 1)])
    fixture.node("Sqrt", ["p"], "y")
    fixture.output("y")
    let file = try changed(fixture, StableRoot())
    #expect(!file.operators.contains("Sqrt"))
    try expectEqual(fixture, file, some)
  }

  @Test func operandsOfABranchNotTaken() throws {
    for isFirst in [true, false] {
      var fixture = ModelFixture()
      fixture.input("x", [2, 3])
      fixture.reals("zero", [0], [])
      fixture.node("Greater", ["x", "zero"], "c")
      fixture.node("Log", ["x"], "l")
      fixture.node("Where", isFirst ? ["c", "l", "zero"] : ["c", "zero", "l"], "y")
      fixture.output("y")
      let file = try changed(fixture, GuardedBranch(), endangered: ["l"])
      #expect(file.operators == ["Greater", "Constant", "Where", "Log", "Where"])
      guard isFirst else { continue }
      try expectEqual(fixture, file, some)
      // What is guarded needs no guard.
      var again = ModelFixture()
      again.message = file.message
      #expect(try GuardedBranch().changes(of: again.patient(["l"])).isEmpty)
    }
  }

  /// A value that others read too is needed where the branch is not taken.
  @Test func operandsThatOthersReadStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.reals("zero", [0], [])
    fixture.node("Greater", ["x", "zero"], "c")
    fixture.node("Log", ["x"], "l")
    fixture.node("Where", ["c", "l", "zero"], "y")
    fixture.output("y")
    fixture.output("l")
    #expect(try GuardedBranch().changes(of: fixture.patient(["l"])).isEmpty)
  }

  @Test func operandsOfInverseFunctions() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.reals("low", [-1], [])
    fixture.reals("high", [1], [])
    fixture.node("Clip", ["x", "low", "high"], "c")
    fixture.node("Acos", ["c"], "y")
    fixture.output("y")
    let file = try changed(fixture, ClippedDomain(), endangered: ["y"], isExact: false)
    #expect(file.operators == ["Constant", "Constant", "Clip", "Acos"])
    let y = try file.outputs(["x": [1, -1, 0.5, 2, -3, 0]])[0]
    #expect(y[0] > 1e-3 && y[0] < 2e-3 && y[3] == y[0] && abs(y[2] - 1.0471975511965979) < 1e-12)
  }

  @Test func ratesBecomePositiveForAllWhoReadThem() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.normal("w", [3, 1], std: 1)
    fixture.reals("epsilon", [1e-8], [])
    fixture.node("MatMul", ["x", "w"], "rate")
    fixture.node("Add", ["rate", "epsilon"], "sum")
    fixture.node("Log", ["sum"], "l")
    fixture.node("Sub", ["rate", "l"], "y")
    fixture.output("y")
    let file = try changed(fixture, PositiveRate(), endangered: ["l"], isExact: false)
    #expect(file.operators == ["MatMul", "Softplus", "Add", "Log", "Sub"])
    for x in [some, some.map { -10 * $0 }] {
      // rate − log rate is at least 1, and an epsilon below that for the smallest rates.
      #expect(try file.outputs(["x": x])[0].allSatisfy { $0.isFinite && $0 > 0.9 })
    }
    #expect(try AddedEpsilon().changes(of: fixture.patient(["l"])).isEmpty)
  }

  @Test func infiniteMasksBecomeFinite() throws {
    var fixture = ModelFixture()
    fixture.input("x", [2, 3])
    fixture.reals("infinity", [-.infinity], [])
    fixture.node("Mul", ["x", "infinity"], "y")
    fixture.output("y")
    let file = try changed(fixture, FiniteMask(), isExact: false)
    #expect(try file.outputs(["x": [0, 1, 0, 1, 0, 1]])[0] == [0, -1e9, 0, -1e9, 0, -1e9])
  }
}
