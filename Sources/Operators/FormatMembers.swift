import Numbers
import Semantics
import Tensors

/// Intervals whose ends are numbers of a format, within those of an operand.
struct FormatMembers {
  let shape: Shape
  let intervals: [Interval]

  subscript(index: Int) -> Interval { intervals[index] }

  func map<R>(_ transform: (Interval) -> R) -> [R] { intervals.map(transform) }

  /// The operand with one member of each interval.
  func tensor(_ member: (Interval) -> Double) -> Tensor {
    Tensor(intervals.map(member), shape: shape)
  }

  /// The greatest and the least members in turn.
  var alternating: Tensor {
    Tensor(intervals.enumerated().map { $0 % 2 == 0 ? $1.upper : $1.lower }, shape: shape)
  }

  /// The operand nearest to 0.
  var nearestToZero: Tensor { tensor { $0.nearestToZero } }
}

extension [Bounds] {
  /// What finite numbers of a format the operands can hold; nil where one can hold none.
  func members(in format: NumberFormat) -> [FormatMembers]? {
    var found: [FormatMembers] = []
    for operand in self {
      var intervals: [Interval] = []
      intervals.reserveCapacity(operand.intervals.count)
      for interval in operand.intervals {
        guard let members = Members(of: interval, in: format) else { return nil }
        intervals.append(Interval(members.low, members.high))
      }
      found.append(FormatMembers(shape: operand.shape, intervals: intervals))
    }
    return found
  }
}

extension Operator {
  /// The hazard of a witness whose exact result is finite, and is not once computed in fp32 and
  /// rounded to the format; none where the witness shows no failure.
  func overflowHazard(
    _ witness: [Tensor], in signature: Signature, format: NumberFormat, _ summary: String
  ) -> [Hazard] {
    let exact = results(of: witness, in: signature, as: Double.self)
    let singles = witness.map { operand in
      operand.elementType == .float64
        ? Tensor(operand.doubles.map { Float($0) }, shape: operand.shape) : operand
    }
    let found = results(of: singles, in: signature, as: Float.self)
    for (exact, found) in zip(exact, found) {
      for (e, f) in zip(exact.doubles, found.doubles)
      where e.isFinite && !format.rounded(f).isFinite {
        return [Hazard(.overflow, summary, witness: witness)]
      }
    }
    return []
  }

  private func results<T: Scalar>(
    of operands: [Tensor], in signature: Signature, as _: T.Type
  ) -> [Tensor] {
    let results = signature.results.map { Tensor(zeros: $0.shape, T.elementType) }
    let workspace = Tensor(zeros: [self.workspace(for: signature)], T.elementType)
    value(of: operands, into: results, workspace: workspace.elements(as: T.self))
    return results
  }
}

extension Cause {
  /// The first of some places that is not finite, NaN before infinities; nil if all are finite.
  static func passedOn(_ places: [Place], of operands: [Tensor]) -> Cause? {
    let values = places.map { operands[$0.operand].double(at: $0.element) }
    let found = values.firstIndex(where: \.isNaN) ?? values.firstIndex { !$0.isFinite }
    return found.map { .passedOn(operand: places[$0].operand, element: places[$0].element) }
  }
}
