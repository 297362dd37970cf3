import Operators
import Semantics
import Tensors
import Testing

/// Laws of the registry, of attributes, and of the shape and value rules.
@Suite struct ShapeLaws {
  @Test func everyRegisteredOperatorHasASpecimen() {
    let tested = Set(Specimen.all.map(\.op.typeName))
    for type in OperatorRegistry.standard.all {
      #expect(tested.contains(type.name), "\(type.name) has no specimen")
    }
  }

  @Test(arguments: Specimen.all)
  func everySpecimenIsRegistered(_ specimen: Specimen) throws {
    let (op, made) = (
      specimen.op,
      try OperatorRegistry.standard.make(specimen.op.typeName, specimen.op.attributes)
    )
    #expect(type(of: made) == type(of: op))
  }

  @Test(arguments: Specimen.all)
  func attributesMakeTheSameOperator(_ specimen: Specimen) throws {
    let op = specimen.op
    let made = try type(of: op).init(attributes: op.attributes)
    #expect(made.attributes == op.attributes)
    let types = specimen.operands.map(\.type)
    #expect(try made.types(of: types) == op.types(of: types))
    let results = try op.results(of: specimen.operands, in: Double.self)
    let same = try made.results(of: specimen.operands, in: Double.self)
    #expect(results.map(\.doubles) == same.map(\.doubles))
  }

  @Test(arguments: Specimen.all)
  func unknownAttributesAreRefused(_ specimen: Specimen) {
    var attributes = specimen.op.attributes
    attributes["no_such_attribute"] = .integer(1)
    #expect(throws: OperatorError.self) {
      try type(of: specimen.op).init(attributes: attributes)
    }
  }

  @Test(arguments: Specimen.all)
  func missingOperandsAreRefused(_ specimen: Specimen) {
    guard !specimen.operands.isEmpty else { return }
    #expect(throws: OperatorError.self) { try specimen.op.types(of: []) }
  }

  /// Results have the types that the shape rule gives, and every element is overwritten: two runs
  /// into buffers with different contents agree.
  @Test(arguments: Specimen.all)
  func valueFillsWhatTheShapeRuleGives(_ specimen: Specimen) throws {
    let signature = try specimen.signature
    let first = try specimen.op.results(of: specimen.operands, in: Double.self)
    #expect(first.map(\.type) == signature.results)
    let second = signature.results.map { type in
      Tensor(
        zeros: type.shape, type.kind == .real ? .float64 : type.kind == .integer ? .int64 : .bool)
    }
    let workspace = Tensor(zeros: [specimen.op.workspace(for: signature)], .float64)
    specimen.op.value(
      of: specimen.operands, into: second, workspace: workspace.elements(as: Double.self))
    #expect(first.map(\.doubles) == second.map(\.doubles))
  }

  /// Both precisions compute the same function: within 32 units of fp32's last place, relative to
  /// the greatest element (operands are the same numbers, exact in fp32).
  @Test(arguments: Specimen.all)
  func singleAgreesWithDouble(_ specimen: Specimen) throws {
    let operands = specimen.operands.map { $0.mapped { Double(Float($1)) } }
    let double = try specimen.op.results(of: operands, in: Double.self)
    let single = try specimen.op.results(of: operands, in: Float.self)
    for (x, y) in zip(double, single) {
      let scale = x.doubles.reduce(0) { max($0, abs($1)) }
      for (a, b) in zip(x.doubles, y.doubles) {
        #expect(abs(a - b) <= 32 * Double(Float.ulpOfOne) * scale, "\(a) in double, \(b) in single")
      }
    }
  }
}
