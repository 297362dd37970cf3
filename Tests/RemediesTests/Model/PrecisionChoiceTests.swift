import Numbers
import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// The fewest operators in fp32, held to every choice that there is.
@Suite struct PrecisionChoiceTests {
  /// A layer, its result times `size`, divided by the root of its mean square.
  private func norm(size: Double, epsilon: Double) -> ModelFixture {
    var fixture = ModelFixture()
    fixture.input("x", [4, 16])
    fixture.normal("w", [16, 16], std: 0.25)
    fixture.reals("size", [size], [])
    fixture.reals("epsilon", [epsilon], [])
    fixture.integers("axes", [-1])
    fixture.node("MatMul", ["x", "w"], "h")
    fixture.node("Mul", ["h", "size"], "s")
    fixture.node("Mul", ["s", "s"], "squares")
    fixture.node("ReduceMean", ["squares", "axes"], "mean")
    fixture.node("Add", ["mean", "epsilon"], "kept")
    fixture.node("Sqrt", ["kept"], "root")
    fixture.node("Div", ["s", "root"], "y")
    fixture.output("y")
    return fixture
  }

  /// The fewest operators of all subsets that keep the limit.
  private func fewest(_ patient: ModelPatient, _ format: NumberFormat) -> Int {
    let simulation = PrecisionSimulation(patient.model, to: format)
    let all = simulation.operators
    let feeds = patient.seeds.map { simulation.feed(patient, seed: $0) }
    let references = feeds.map { simulation.reference($0) }
    var fewest = Int.max
    for bits in 0..<(1 << all.count) where bits.nonzeroBitCount < fewest {
      let wide = Set(all.indices.filter { bits >> $0 & 1 == 1 }.map { all[$0] })
      var errors = OutputErrors()
      for (feed, reference) in zip(feeds, references) {
        simulation.errors(simulation.outputs(feed, wide: wide), reference, into: &errors)
      }
      if errors.worst <= 0.009 { fewest = bits.nonzeroBitCount }
    }
    return fewest
  }

  @Test(arguments: [(400.0, 1e-3), (1e-4, 1e-12), (1, 1e-5), (3e4, 1e-5), (3e-6, 1e-14)])
  func asFewAsAnyChoice(size: Double, epsilon: Double) throws {
    let patient = try norm(size: size, epsilon: epsilon).patient()
    let choice = PrecisionChoice(patient, to: .fp16)
    #expect(choice.isWithinLimit)
    #expect(choice.places.count == fewest(patient, .fp16))
  }

  /// What the file computes with a rounding after every operator is what the choice promised.
  @Test(arguments: [(400.0, 1e-3), (1e-4, 1e-12)])
  func theFileDoesWhatWasMeasured(size: Double, epsilon: Double) throws {
    let patient = try norm(size: size, epsilon: epsilon).patient()
    let choice = PrecisionChoice(patient, to: .fp16)
    let converted = try FormatConversion(
      patient.file, patient.model, to: .float16, keeping: choice.places)
    #expect(converted.kept.count == choice.places.count)
    let model = try ImportedModel(converted.file)
    let simulation = PrecisionSimulation(model, to: nil)
    let before = PrecisionSimulation(patient.model, to: .fp16)
    for seed in patient.seeds {
      let feed = before.feed(patient, seed: seed)
      let input = try #require(model.inputs.first).value
      let reference = before.reference(feed)[0].doubles
      let found = simulation.outputs([input: feed.values.first!], wide: [])[0].doubles
      let size = reference.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let error = zip(found, reference).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        .squareRoot()
      #expect(error / size <= choice.errors.worst * 1.05 + 1e-6)
    }
  }

  /// A divisor beyond the format stays with what reads it, and is told.
  @Test func constantsBeyondTheFormatAreKeptAndTold() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 16])
    fixture.reals("large", [1e5], [])
    fixture.reals("usual", [100], [])
    fixture.node("Mul", ["x", "usual"], "a")
    fixture.node("Div", ["a", "large"], "b")
    fixture.node("Mul", ["b", "usual"], "y")
    fixture.output("y")
    let patient = try fixture.patient()
    let choice = PrecisionChoice(patient, to: .fp16)
    #expect(choice.places == [ModelPlace(nil, "b")])
    let converted = try FormatConversion(
      patient.file, patient.model, to: .float16, keeping: choice.places)
    #expect(converted.sentence.contains("large = 100,000"))
    let types = Dictionary(
      uniqueKeysWithValues: converted.file.message.graph.initializer.map { ($0.name, $0.dataType) })
    #expect(types == ["large": 1, "usual": 10])
  }

  /// A constant that operators of both kinds read is there in both types.
  @Test func sharedConstantsAreThereTwice() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4])
    fixture.reals("c", [70000], [])
    fixture.node("Mul", ["x", "c"], "a")
    fixture.node("Min", ["x", "c"], "b")
    fixture.node("Div", ["a", "c"], "d")
    fixture.node("Add", ["b", "d"], "y")
    fixture.output("y")
    let patient = try fixture.patient()
    let file = try FormatConversion(
      patient.file, patient.model, to: .float16,
      keeping: [ModelPlace(nil, "a"), ModelPlace(nil, "d")]
    ).file
    #expect(try file.initializer("c") == [65504])
    #expect(try file.outputs(["x": [1, 2, 3, 4]])[0] == [2, 4, 6, 8])
  }

  /// Outputs of the model that an operator in fp32 gives are not narrowed on the way.
  @Test func outputsOfOperatorsInSingleAreGivenAsTheyAre() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4])
    fixture.reals("c", [1e6], [])
    fixture.node("Mul", ["x", "c"], "y")
    fixture.node("Tanh", ["x"], "z")
    fixture.output("y")
    fixture.output("z")
    let patient = try fixture.patient()
    let choice = PrecisionChoice(patient, to: .fp16)
    #expect(choice.places == [ModelPlace(nil, "y")])
    let file = try FormatConversion(
      patient.file, patient.model, to: .float16, keeping: choice.places
    ).file
    #expect(file.operators == ["Mul", "Cast", "Tanh", "Cast"])
    #expect(try file.outputs(["x": [1, 2, 3, 4]])[0] == [1e6, 2e6, 3e6, 4e6])
  }

  @Test func errorsAreThoseOfTheNorm() {
    var errors = OutputErrors()
    errors.compare(
      "y", Tensor([3.0, 4.4, .infinity], shape: [3]), with: Tensor([3, 4, .nan], shape: [3]))
    #expect(errors.compared == 2 && errors.count == 3)
    #expect(abs(errors.worst - 0.08) < 1e-12)
    errors.compare("y", Tensor([Double.nan], shape: [1]), with: Tensor([1.0], shape: [1]))
    #expect(errors.worst == .infinity)
  }
}
