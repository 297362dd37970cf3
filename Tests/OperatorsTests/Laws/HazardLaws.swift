import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// Laws of the hazard and cause rules: what is said to fail does fail, and for the reason given.
@Suite struct HazardLaws {
  /// The formats that fp32 contains.
  private static let formats: [NumberFormat] = [.fp32, .bf16, .fp16, .fp8E5M2, .fp8E4M3FN]

  /// Results in a format: computed in fp32 and rounded.
  private func results(
    _ specimen: Specimen, _ operands: [Tensor], in format: NumberFormat
  ) throws -> [Tensor] {
    try specimen.op.results(of: operands, in: Float.self).map { result in
      guard result.type.kind == .real else { return result }
      let elements = result.array(of: Float.self)
      return Tensor(elements.map { format.rounded($0) }, shape: result.shape)
    }
  }

  private func hazards(_ specimen: Specimen, in format: NumberFormat) throws -> [Hazard] {
    let bounds = specimen.operands.enumerated().map { number, operand in
      guard operand.type.kind == .real else {
        return Bounds(operand.doubles.map { Interval($0) }, shape: operand.shape)
      }
      let interval = specimen.range[min(number, specimen.range.count - 1)]
      return Bounds(repeating: interval, shape: operand.shape)
    }
    return specimen.op.hazards(for: bounds, in: try specimen.signature, format: format)
  }

  /// Whether results in the format show a failure of this kind, against those in double.
  private func shows(
    _ hazard: Hazard, _ specimen: Specimen, in format: NumberFormat
  ) throws -> Bool {
    let exact = try specimen.op.results(of: hazard.witness, in: Double.self).flatMap(\.doubles)
    let found = try results(specimen, hazard.witness, in: format).flatMap(\.doubles)
    let pairs = Array(zip(exact, found))
    switch hazard.kind {
    case .overflow: return pairs.contains { $0.isFinite && !$1.isFinite }
    case .underflow: return pairs.contains { $0 != 0 && $1 == 0 }
    case .pole: return pairs.contains { $0.isInfinite && !$1.isFinite }
    case .undefined: return pairs.contains { $1.isNaN }
    case .cancellation:
      if pairs.contains(where: { abs($0 - $1) >= 0.5 * abs($0) && $0 != 0 }) { return true }
      // What distinguished the operands is lost: an eighth more changes the exact result alone.
      return try hazard.witness.indices.contains { changed in
        var moved = hazard.witness
        moved[changed] = moved[changed].mapped { 1.125 * $1 }
        let other = try specimen.op.results(of: moved, in: Double.self).flatMap(\.doubles)
        return try other != exact
          && results(specimen, moved, in: format).flatMap(\.doubles) == found
      }
    }
  }

  @Test(arguments: Specimen.real)
  func everyWitnessFailsAsItsKindSays(_ specimen: Specimen) throws {
    for format in Self.formats {
      for hazard in try hazards(specimen, in: format) {
        #expect(hazard.summary.hasSuffix("."), "a summary is a sentence: \(hazard.summary)")
        #expect(hazard.witness.count == specimen.operands.count)
        for (number, operand) in hazard.witness.enumerated() where operand.type.kind == .real {
          let range = specimen.range[min(number, specimen.range.count - 1)]
          for x in operand.doubles {
            #expect(range.contains(x), "\(hazard.summary) \(x) is out of range")
            #expect(format.rounded(x) == x, "\(hazard.summary) \(x) is no number of \(format)")
          }
        }
        #expect(
          try shows(hazard, specimen, in: format), "\(format), \(hazard.kind): \(hazard.summary)")
      }
    }
  }

  @Test(arguments: Specimen.real)
  func hazardsInHalfPrecisionAreThoseExpected(_ specimen: Specimen) throws {
    let found = try hazards(specimen, in: .fp16)
    #expect(Set(found.map(\.kind)) == specimen.hazards, "\(found.map(\.summary))")
  }

  /// For a witness of finite operands, the failure was produced by the operator.
  @Test(arguments: Specimen.real)
  func causesOfWitnessesAreProducedHere(_ specimen: Specimen) throws {
    for format in Self.formats {
      for hazard in try hazards(specimen, in: format) {
        let operands = hazard.witness.map { $0.cast(to: Float.self) }
        guard operands.allSatisfy({ $0.doubles.allSatisfy(\.isFinite) }) else { continue }
        let results = try results(specimen, hazard.witness, in: format)
        for (number, result) in results.enumerated() {
          for (element, y) in result.doubles.enumerated() where !y.isFinite {
            let cause = specimen.op.cause(
              ofElement: element, inResult: number, operands: operands, results: results)
            guard case .produced(_, let explanation) = cause else {
              Issue.record("\(hazard.summary) is said to be \(cause)")
              continue
            }
            #expect(!explanation.isEmpty)
          }
        }
      }
    }
  }

  /// A NaN among finite operands is passed on, and so is an infinity that stays one.
  @Test(arguments: Specimen.real, [Float.nan, .infinity, -.infinity])
  func whatIsNotFiniteIsPassedOn(_ specimen: Specimen, _ poison: Float) throws {
    for (number, operand) in specimen.operands.enumerated() where operand.type.kind == .real {
      for place in 0..<operand.count {
        var operands = specimen.operands
        operands[number] = operand.mapped { $0 == place ? Double(poison) : $1 }
        let singles = operands.map { $0.cast(to: Float.self) }
        let results = try specimen.op.results(of: operands, in: Float.self)
        for (i, result) in results.enumerated() where result.type.kind == .real {
          for (element, y) in result.doubles.enumerated() where !y.isFinite {
            let cause = specimen.op.cause(
              ofElement: element, inResult: i, operands: singles, results: results)
            let isMadeOfInfinity = y.isNaN && poison.isInfinite
            switch cause {
            case .passedOn(let from, let at):
              #expect(from == number && at == place, "element \(element) = \(y): \(cause)")
            case .produced(let reason, _):
              #expect(isMadeOfInfinity, "element \(element) = \(y): \(reason)")
            }
          }
        }
      }
    }
  }
}
