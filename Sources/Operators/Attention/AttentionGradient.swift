public import Numbers
public import Semantics
public import Tensors

/// The cotangents of an attention's queries, keys and values.
///
/// Operands are ∂y [N, H, T, E], q, k and v. With P the probabilities, dP = ∂y vᵀ and
/// dS = P (dP − rowsum(P dP)): ∂q = scale dS k, ∂k = scale dSᵀ q, ∂v = Pᵀ ∂y. The probabilities are
/// computed again instead of being kept.
public struct AttentionGradient: Mixing {
  public static let name = "AttentionGradient"

  public let forward: Attention

  public init(_ forward: Attention) { self.forward = forward }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("is_causal", "scale", in: Self.name)
    forward = try Attention(attributes, in: Self.name)
  }

  public var attributes: Attributes { forward.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 4...4)
    let y = try forward.types(of: Array(operands[1...]))[0]
    guard y == operands[0] else {
      throw refusal(.invalidShape, "the cotangent \(operands[0]) must be \(y)")
    }
    return Array(operands[1...])
  }

  public func workspace(for signature: Signature) -> Int {
    let layout = forward.layout(signature)
    return layout.parts * 2 * layout.square
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = forward.layout(operands[1].shape, operands[2].shape, operands[3].shape)
    Threads.run(
      parts: layout.parts,
      Backward(
        layout: layout, dy: operands[0].elements(as: T.self), q: operands[1].elements(as: T.self),
        k: operands[2].elements(as: T.self), v: operands[3].elements(as: T.self),
        dq: results[0].elements(as: T.self), dk: results[1].elements(as: T.self),
        dv: results[2].elements(as: T.self), workspace: workspace))
  }

  /// Heads, one after another.
  private struct Backward<T: Scalar>: PartedWork {
    let layout: AttentionLayout
    let dy: Elements<T>
    let q: Elements<T>
    let k: Elements<T>
    let v: Elements<T>
    let dq: Elements<T>
    let dk: Elements<T>
    let dv: Elements<T>
    let workspace: Elements<T>

    @specialized(where T == Float)
    @specialized(where T == Double)
    func run(part: Int) {
      let scratch = layout.room(workspace, part, squares: 2)
      for head in layout.heads(part) { run(head: head, scratch) }
    }

    @inline(__always)
    private func run(head: Int, _ scratch: Elements<T>) {
      let scale = T(layout.scale)
      let p = layout.square(scratch, 0).elements
      let ds = layout.square(scratch, 1)
      layout.probabilities(q, k, head, into: p)
      let cotangent = layout.outputRows(dy, head)
      T.multiply(
        layout.square(scratch, 0, transposed: true), cotangent,
        into: layout.values(dv, head).elements)
      T.multiply(cotangent, layout.values(v, head, transposed: true), into: ds.elements)
      layout.backpropagate(ds.elements, through: p)
      T.multiply(ds, layout.keys(k, head), into: layout.queries(dq, head).elements, alpha: scale)
      T.multiply(
        layout.square(scratch, 1, transposed: true), layout.queries(q, head),
        into: layout.keys(dk, head).elements, alpha: scale)
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard cotangents.contains(where: { $0 != nil }) else { return [nil, nil, nil, nil] }
    var operands: [Value] = []
    for (cotangent, result) in zip(cotangents, node.results) {
      if let cotangent {
        operands.append(cotangent)
      } else {
        operands.append(try graph.apply(Constant(0, shape: graph.type(of: result).shape)))
      }
    }
    return try graph.append(AttentionSecondGradient(forward), to: operands + node.operands)
  }

  /// The relative error that the rule is taken to have: set, not derived, so that bands of deep
  /// transformers of width 64 cover (`docs/bands.md`).
  private static let error = 0.15

  /// With ρ the correlation of the cotangents between positions and r = T/S:
  /// E[∂v²] = r E[∂y²] (Σp² + (T − 1) ρ Σpp′), since what the queries' cotangents share adds up.
  ///
  /// dP = ∂y · v has variance w = E E[∂y²] E[v²] (1 − ρ_v) over the keys of a query, of which the
  /// softmax passes Σp² − 2 Σp³ + (Σp²)², and the products of two queries ρ of theirs. As Σ_j dS = 0,
  /// only what differs between keys counts in ∂q, and all keys' ∂k sum to 0.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = forward.layout(signature)
    let (dy, q, k, v) = (operands[0], operands[1], operands[2], operands[3])
    guard dy.basis != .unknown else { return [dy, dy, dy] }
    let gain = layout.concentration(q, k)
    let (queries, keys) = (Double(layout.queries), Double(layout.keys))
    let rows = queries / keys
    let rho = min(max(dy.positionCorrelation, 0), 1)
    let others = (queries - 1) * rho
    var dv = dy
    dv.mean *= rows
    dv.secondMoment *= rows * (gain.kept + others * gain.shared)
    dv.positionCorrelation = 0
    if dv.secondMoment > 0, keys > 1 {
      let pairs = (1 - gain.kept + others * (1 - gain.shared)) / (keys - 1)
      dv.positionCorrelation = min(1, dy.secondMoment * rows * pairs / dv.secondMoment)
    }
    dv = dv.drawnValues(of: dy, in: signature)
    let deviation = (Self.error * Self.error + v.errorOfPlaces * v.errorOfPlaces).squareRoot()
    dv.fluctuation = dv.fluctuation.uncertain(by: deviation)
    dv.law = .other
    dv.basis = .firstOrder
    guard q.basis != .unknown, k.basis != .unknown, v.basis != .unknown else {
      let unknown = Moments.unknown("nothing is known of queries, keys or values")
      return [unknown, unknown, dv]
    }
    guard !gain.isSaturated else {
      let unknown = Moments.unknown(
        "queries look at one key each, where a softmax hardly passes back")
      return [unknown, unknown, dv]
    }
    let values = v.secondMoment * min(max(1 - v.positionCorrelation, 0), 1)
    let factor =
      layout.scale * layout.scale * Double(layout.width) * dy.secondMoment * values
    func cotangent(secondMoment: Double, correlation: Double) -> Moments {
      Moments(
        mean: 0, secondMoment: factor * secondMoment, positionCorrelation: correlation,
        fluctuation: dy.fluctuation.uncertain(by: deviation), basis: .firstOrder,
        note: "probabilities, queries, keys and values taken as independent")
    }
    let commonQuery = min(max(q.positionCorrelation, 0), 1)
    let dq = cotangent(
      secondMoment: k.secondMoment * gain.keySpread * gain.exchange,
      correlation: gain.exchange > 0 ? rho * gain.sharedExchange / gain.exchange : 0)
    let dk = cotangent(
      secondMoment: rows * q.secondMoment
        * (gain.exchange + others * commonQuery * gain.sharedExchange),
      correlation: keys > 1 ? -1 / (keys - 1) : 0)
    return [dq, dk, dv]
  }

  /// The value's own steps on intervals.
  ///
  /// As |dS| ≤ p · 2 max|dP|, ∂q is also within 2 scale max|dP| max|k|, and ∂k within that sum over
  /// queries, which wide intervals exceed.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let layout = forward.layout(signature)
    let (queries, width) = (Double(layout.queries), Double(layout.width))
    var results: [[Interval]] = [[], [], []]
    for head in 0..<layout.heads {
      func matrix(_ operand: Int, _ columns: Int) -> IntervalMatrix {
        IntervalMatrix(operands[operand].intervals, head, columns: columns, of: layout.heads)
      }
      let (dy, q) = (matrix(0, layout.width), matrix(1, layout.depth))
      let (k, v) = (matrix(2, layout.depth), matrix(3, layout.width))
      let p = layout.probabilities(operands[1].intervals, operands[2].intervals, head)
      let ds = layout.backpropagated(dy.times(v.transposed), p)
      let reach =
        2 * width * dy.magnitude * v.magnitude * abs(layout.scale) * (1 + 0x1p-40)
      results[0] += ds.times(k, factor: layout.scale).limited(to: reach * k.magnitude)
      results[1] += ds.transposed.times(q, factor: layout.scale)
        .limited(to: reach * queries * q.magnitude)
      results[2] += p.transposed.times(dy).intervals
    }
    return zip(results, signature.results).map { Bounds($0, shape: $1.shape) }
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    attentionHazards(
      for: operands, in: signature, format: format, layout: forward.layout(signature),
      alternating: [3])
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let layout = forward.layout(operands[1].shape, operands[2].shape, operands[3].shape)
    return attentionCause(head: element / (results[result].count / layout.heads), layout, operands)
  }
}

extension Operator {
  /// Hazards of a backward operator of attention: sums that overflow for the greatest operands.
  ///
  /// Rows of the operands numbered `alternating` belong to keys and change sign from key to key, as
  /// what is equal for all keys does not pass the softmax.
  func attentionHazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat,
    layout: AttentionLayout, alternating: [Int]
  ) -> [Hazard] {
    guard layout.heads * layout.queries > 0, let members = operands.members(in: format) else {
      return []
    }
    if layout.visible(0) == 0 {
      return [
        Hazard(
          .undefined, "the first query sees no key, and a softmax of nothing is 0/0.",
          witness: members.map(\.nearestToZero))
      ]
    }
    // Equal logits, so that probabilities are 1/S, with the greatest operands otherwise.
    var witness = members.map { $0.tensor(\.upper) }
    witness[witness.count - 2] = members[members.count - 2].nearestToZero
    for number in alternating {
      let row = members[number].shape[3]
      let elements = members[number].intervals.enumerated().map { place, interval in
        place / max(row, 1) % 2 == 0 ? interval.upper : interval.lower
      }
      witness[number] = Tensor(elements, shape: members[number].shape)
    }
    return overflowHazard(
      witness, in: signature, format: format,
      "cotangents collected over \(layout.queries) queries overflow \(format.name).")
  }

  /// The first element of the head that is not finite, in the order of the operands.
  func attentionCause(head: Int, _ layout: AttentionLayout, _ operands: [Tensor]) -> Cause {
    var places: [Place] = []
    for (number, operand) in operands.enumerated() {
      let size = operand.count / layout.heads
      places += (head * size..<(head + 1) * size).map { Place(operand: number, element: $0) }
    }
    if let cause = Cause.passedOn(places, of: operands) { return cause }
    if layout.visible(0) == 0 {
      return .produced(.zeroOverZero, explanation: "the first query sees no key")
    }
    return .produced(
      .overflowOfSum,
      explanation: "operands of head \(head) are finite; a sum of products overflows")
  }
}
