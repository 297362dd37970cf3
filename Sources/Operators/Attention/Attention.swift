public import Numbers
import RealModule
public import Semantics
public import Tensors

/// Scaled dot-product attention, `softmax(scale · q kᵀ) v` for every sample and head.
///
/// Operands are q [N, H, T, D], k [N, H, S, D] and v [N, H, S, E]; the result is [N, H, T, E]. With
/// `is_causal` query t sees keys 0 … t + S − T alone. The softmax subtracts the greatest logit.
public struct Attention: Mixing {
  public static let name = "Attention"

  public let isCausal: Bool
  /// The factor of the logits; nil for 1/√D.
  public let scale: Double?

  public init(isCausal: Bool = false, scale: Double? = nil) {
    self.isCausal = isCausal
    self.scale = scale
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("is_causal", "scale", in: Self.name)
    try self.init(attributes, in: Self.name)
  }

  init(_ attributes: Attributes, in owner: String) throws(OperatorError) {
    let causal = try attributes.integer("is_causal", default: 0, in: owner)
    guard causal == 0 || causal == 1 else {
      throw OperatorError(.invalidAttribute, in: owner, "'is_causal' must be 0 or 1")
    }
    isCausal = causal == 1
    scale = attributes["scale"] == nil ? nil : try attributes.real("scale", in: owner)
    guard scale?.isFinite != false else {
      throw OperatorError(.invalidAttribute, in: owner, "'scale' must be finite")
    }
  }

  public var attributes: Attributes {
    var attributes: Attributes = ["is_causal": .integer(isCausal ? 1 : 0)]
    if let scale { attributes["scale"] = .real(scale) }
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 3...3)
    let (q, k, v) = (operands[0].shape, operands[1].shape, operands[2].shape)
    guard q.rank == 4, k.rank == 4, v.rank == 4, q[0] == k[0], q[1] == k[1], q[3] == k[3],
      k.extents[..<3] == v.extents[..<3], k[2] > 0, q[3] > 0
    else {
      throw refusal(
        .invalidShape,
        "takes q [N, H, T, D], k [N, H, S, D] and v [N, H, S, E], not \(q), \(k) and \(v)")
    }
    return [TensorType([q[0], q[1], q[2], v[3]])]
  }

  func layout(_ q: Shape, _ k: Shape, _ v: Shape) -> AttentionLayout {
    AttentionLayout(
      heads: q.extents[0] * q.extents[1], groups: q.extents[1], queries: q.extents[2],
      keys: k.extents[2],
      depth: q.extents[3], width: v.extents[3], isCausal: isCausal,
      scale: scale ?? 1 / Double(q.extents[3]).squareRoot())
  }

  func layout(_ signature: Signature) -> AttentionLayout {
    let shapes = signature.operands.suffix(3).map(\.shape)
    return layout(shapes[0], shapes[1], shapes[2])
  }

  public func workspace(for signature: Signature) -> Int {
    let layout = layout(signature)
    return layout.parts * layout.square
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = layout(operands[0].shape, operands[1].shape, operands[2].shape)
    Threads.run(
      parts: layout.parts,
      Forward(
        layout: layout, q: operands[0].elements(as: T.self), k: operands[1].elements(as: T.self),
        v: operands[2].elements(as: T.self), y: results[0].elements(as: T.self),
        workspace: workspace))
  }

  /// Heads, one after another.
  private struct Forward<T: Scalar>: PartedWork {
    let layout: AttentionLayout
    let q: Elements<T>
    let k: Elements<T>
    let v: Elements<T>
    let y: Elements<T>
    let workspace: Elements<T>

    @specialized(where T == Float)
    @specialized(where T == Double)
    func run(part: Int) {
      let p = layout.room(workspace, part, squares: 1)
      for head in layout.heads(part) {
        layout.probabilities(q, k, head, into: p)
        T.multiply(layout.square(p, 0), layout.values(v, head), into: layout.outputs(y, head))
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil, nil] }
    return try graph.append(AttentionGradient(self), to: [cotangent] + node.operands)
  }

  /// Values whose correlation between positions is ρ have the mean square multiplied by
  /// ρ + (1 − ρ) Σp², and the product of two queries' averages is that with Σ p p′.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = layout(signature)
    let (q, k, v) = (operands[0], operands[1], operands[2])
    guard v.basis != .unknown else { return [v] }
    let gain = layout.concentration(q, k)
    let rho = min(max(v.positionCorrelation, 0), 1)
    var result = v
    let kept = gain.averaged
    result.secondMoment = v.secondMoment * (rho + (1 - rho) * kept)
    result.basis = .firstOrder
    if result.secondMoment > 0 {
      let common = rho + (1 - rho) * gain.shared
      result.positionCorrelation = min(1, v.secondMoment * common / result.secondMoment)
      let samples = v.sampleCorrelation * v.secondMoment / result.secondMoment
      result.sampleCorrelation = min(1, max(-1, samples))
    }
    result = result.drawnValues(of: v, in: signature)
    // The rules are those of a small preference; a larger one they only size.
    result.fluctuation = result.fluctuation.uncertain(
      by: (kept - gain.kept) * (1 - rho) / max(rho + (1 - rho) * kept, 1e-300))
    result.law = .other
    result.places = []
    if !gain.places.isEmpty, result.secondMoment > 0 {
      let own = (1 - rho) * kept / (rho + (1 - rho) * kept)
      result.setPlaces(gain.places.map { own * $0 / kept + 1 - own })
      result.fluctuation = result.fluctuation.uncertain(by: v.errorOfPlaces)
    }
    if q.basis == .unknown || k.basis == .unknown {
      result.note = "logits taken as small, as nothing is known of them"
    }
    return [result]
  }

  /// Averages of the values that a query sees, with the probabilities that its logits can give.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let layout = layout(signature)
    var intervals: [Interval] = []
    for head in 0..<layout.heads {
      let v = IntervalMatrix(operands[2].intervals, head, columns: layout.width, of: layout.heads)
      let p = layout.probabilities(operands[0].intervals, operands[1].intervals, head)
      for query in 0..<layout.queries {
        let seen = layout.visible(query)
        for column in 0..<layout.width {
          intervals.append(
            .average(of: (0..<seen).map { v[$0, column] }, weights: p.row(query).prefix(seen)))
        }
      }
    }
    return [Bounds(intervals, shape: signature.results[0].shape)]
  }

  /// NaN: of logits that overflow fp32 (∞ − ∞ in the softmax), and of queries that see no key.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let layout = layout(signature)
    guard layout.heads * layout.queries * layout.width > 0,
      let members = operands.members(in: format)
    else { return [] }
    if layout.visible(0) == 0 {
      return [
        Hazard(
          .undefined, "the first query sees no key, and a softmax of nothing is 0/0.",
          witness: members.map(\.nearestToZero))
      ]
    }
    let witness = [
      members[0].tensor(\.upper), members[1].tensor(\.upper), members[2].nearestToZero,
    ]
    let logit =
      witness[0].doubles.prefix(layout.depth).reduce(0) { $0 + abs(Double(Float($1))) }
      * (witness[1].doubles.first.map { abs($0) } ?? 0) * abs(layout.scale)
    guard logit > 2 * Double(Float.greatestFiniteMagnitude) else { return [] }
    return [
      Hazard(
        .undefined, "logits up to \(logit) overflow fp32, and the softmax of infinity is NaN.",
        witness: witness)
    ]
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let layout = layout(operands[0].shape, operands[1].shape, operands[2].shape)
    let (head, query, column) = layout.place(ofOutput: element)
    let count = layout.visible(query)
    if count == 0 {
      return .produced(.zeroOverZero, explanation: "query \(query) sees no key")
    }
    var places: [Place] = []
    // A value that is not seen has probability 0, and 0 times what is not finite is NaN.
    for key in 0..<layout.keys {
      let row = head * layout.keys + key
      places.append(Place(operand: 2, element: row * layout.width + column))
    }
    for key in 0..<count {
      let row = head * layout.keys + key
      for d in 0..<layout.depth {
        places.append(Place(operand: 1, element: row * layout.depth + d))
      }
    }
    for d in 0..<layout.depth {
      let row = head * layout.queries + query
      places.append(Place(operand: 0, element: row * layout.depth + d))
    }
    return Cause.passedOn(places, of: operands)
      ?? .produced(
        .overflowOfSum,
        explanation: "a logit of query \(query) overflows, and the softmax of infinity is NaN")
  }
}
