public import Numbers
public import Semantics
public import Tensors

/// The cotangents of the operands of ``AttentionGradient``.
///
/// Operands are the cotangents gq, gk, gv of its results, then its operands ∂y, q, k and v; the
/// results belong to the latter. It makes Hessian-vector products possible; third derivatives are
/// refused.
public struct AttentionSecondGradient: Mixing {
  public static let name = "AttentionSecondGradient"

  public let forward: Attention

  public init(_ forward: Attention) { self.forward = forward }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("is_causal", "scale", in: Self.name)
    forward = try Attention(attributes, in: Self.name)
  }

  public var attributes: Attributes { forward.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 7...7)
    let results = try AttentionGradient(forward).types(of: Array(operands[3...]))
    guard Array(operands[..<3]) == results else {
      throw refusal(.invalidShape, "the cotangents \(operands[..<3]) must be \(results)")
    }
    return Array(operands[3...])
  }

  public func workspace(for signature: Signature) -> Int {
    let layout = forward.layout(signature)
    return layout.parts * 4 * layout.square
  }

  /// With A = scale (gq kᵀ + q gkᵀ), the cotangent of dS, and r = rowsum(P dP): that of dP is
  /// B = P (A − rowsum(P A)), and that of P is ∂y gvᵀ + A (dP − r) − rowsum(A P) dP, which the
  /// softmax's Jacobian turns into the cotangent E of the logits.
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = forward.layout(operands[4].shape, operands[5].shape, operands[6].shape)
    Threads.run(
      parts: layout.parts,
      Backward(
        layout: layout, gq: operands[0].elements(as: T.self), gk: operands[1].elements(as: T.self),
        gv: operands[2].elements(as: T.self), dy: operands[3].elements(as: T.self),
        q: operands[4].elements(as: T.self), k: operands[5].elements(as: T.self),
        v: operands[6].elements(as: T.self), forDyElements: results[0].elements(as: T.self),
        forQElements: results[1].elements(as: T.self),
        forKElements: results[2].elements(as: T.self),
        forVElements: results[3].elements(as: T.self), workspace: workspace))
  }

  /// Heads, one after another.
  private struct Backward<T: Scalar>: PartedWork {
    let layout: AttentionLayout
    let gq: Elements<T>
    let gk: Elements<T>
    let gv: Elements<T>
    let dy: Elements<T>
    let q: Elements<T>
    let k: Elements<T>
    let v: Elements<T>
    let forDyElements: Elements<T>
    let forQElements: Elements<T>
    let forKElements: Elements<T>
    let forVElements: Elements<T>
    let workspace: Elements<T>

    @specialized(where T == Float)
    @specialized(where T == Double)
    func run(part: Int) {
      let scratch = layout.room(workspace, part, squares: 4)
      for head in layout.heads(part) { run(head: head, scratch) }
    }

    @inline(__always)
    private func run(head: Int, _ scratch: Elements<T>) {
      let scale = T(layout.scale)
      let p = layout.square(scratch, 0).elements
      let dp = layout.square(scratch, 1).elements
      let a = layout.square(scratch, 2).elements
      let e = layout.square(scratch, 3).elements
      let cotangent = layout.outputRows(dy, head)
      layout.probabilities(q, k, head, into: p)
      T.multiply(cotangent, layout.values(v, head, transposed: true), into: dp)
      T.multiply(
        layout.queries(gq, head), layout.keys(k, head, transposed: true), into: a, alpha: scale)
      T.multiply(
        layout.queries(q, head), layout.keys(gk, head, transposed: true), into: a, alpha: scale,
        accumulates: true)
      T.multiply(cotangent, layout.values(gv, head, transposed: true), into: e)
      for query in 0..<layout.queries {
        let row = query * layout.keys..<(query + 1) * layout.keys
        var (r, ap): (T, T) = (0, 0)
        for i in row {
          r += p[i] * dp[i]
          ap += p[i] * a[i]
        }
        for i in row {
          e[i] += a[i] * (dp[i] - r) - ap * dp[i]
          // From here on dp holds dS and a holds B.
          dp[i] = p[i] * (dp[i] - r)
          a[i] = p[i] * (a[i] - ap)
        }
      }
      layout.backpropagate(e, through: p)
      let (ds, b, logits) = (
        layout.square(scratch, 1), layout.square(scratch, 2), layout.square(scratch, 3)
      )
      let forDy = layout.outputs(forDyElements, head)
      T.multiply(layout.square(scratch, 0), layout.values(gv, head), into: forDy)
      T.multiply(b, layout.values(v, head), into: forDy, accumulates: true)
      let forQ = layout.queries(forQElements, head).elements
      T.multiply(logits, layout.keys(k, head), into: forQ, alpha: scale)
      T.multiply(ds, layout.keys(gk, head), into: forQ, alpha: scale, accumulates: true)
      let forK = layout.keys(forKElements, head).elements
      T.multiply(
        layout.square(scratch, 3, transposed: true), layout.queries(q, head), into: forK,
        alpha: scale)
      T.multiply(
        layout.square(scratch, 1, transposed: true), layout.queries(gq, head), into: forK,
        alpha: scale, accumulates: true)
      T.multiply(
        layout.square(scratch, 2, transposed: true), cotangent,
        into: layout.values(forVElements, head).elements)
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard cotangents.contains(where: { $0 != nil }) else { return node.operands.map { _ in nil } }
    throw refusal(.unsupported, "attention can be differentiated twice, not three times")
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    signature.results.map { _ in .unknown("second derivatives of attention are not predicted") }
  }

  /// The value's own steps on intervals, and what wide intervals exceed: from
  /// |A| ≤ α = |scale| D (gq k + q gk), |B| ≤ 2 α p, |dS| ≤ 2 δ p with δ = E ∂y v and
  /// |E| ≤ 2 p (E ∂y gv + 3 α δ), each letter the greatest magnitude in the head.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let layout = forward.layout(signature)
    let (t, factor) = (Double(layout.queries), layout.scale)
    let (d, e) = (Double(layout.depth), Double(layout.width))
    let scale = abs(factor)
    var results: [[Interval]] = [[], [], [], []]
    for head in 0..<layout.heads {
      func matrix(_ operand: Int, _ columns: Int) -> IntervalMatrix {
        IntervalMatrix(operands[operand].intervals, head, columns: columns, of: layout.heads)
      }
      let (gq, gk, gv) = (
        matrix(0, layout.depth), matrix(1, layout.depth), matrix(2, layout.width)
      )
      let (dy, q) = (matrix(3, layout.width), matrix(4, layout.depth))
      let (k, v) = (matrix(5, layout.depth), matrix(6, layout.width))
      let p = layout.probabilities(operands[4].intervals, operands[5].intervals, head)
      let dp = dy.times(v.transposed)
      let a = gq.times(k.transposed, factor: factor)
        .combined(with: q.times(gk.transposed, factor: factor), +)
      let (r, ap) = (layout.averages(dp, p), layout.averages(a, p))
      let direct = dy.times(gv.transposed)
      let forP = IntervalMatrix(rows: layout.queries, columns: layout.keys) { i, j in
        let centred = a[i, j] * (dp[i, j] - r[i])
        return direct[i, j] + (centred - ap[i] * dp[i, j])
      }
      let (logits, ds) = (layout.backpropagated(forP, p), layout.backpropagated(dp, p))
      let b = layout.backpropagated(a, p)
      let reach = scale * d * (gq.magnitude * k.magnitude + q.magnitude * gk.magnitude)
      let delta = e * dy.magnitude * v.magnitude
      let most = 2 * (e * dy.magnitude * gv.magnitude + 3 * reach * delta)
      let limits = [
        gv.magnitude + 2 * reach * v.magnitude,
        scale * (most * k.magnitude + 2 * delta * gk.magnitude),
        scale * t * (most * q.magnitude + 2 * delta * gq.magnitude),
        2 * t * reach * dy.magnitude,
      ].map { $0 * (1 + 0x1p-30) }
      let steps = [
        p.times(gv).combined(with: b.times(v), +),
        logits.times(k, factor: factor).combined(with: ds.times(gk, factor: factor), +),
        logits.transposed.times(q, factor: factor)
          .combined(with: ds.transposed.times(gq, factor: factor), +),
        b.transposed.times(dy),
      ]
      for number in steps.indices {
        results[number] += steps[number].limited(to: limits[number])
      }
    }
    return zip(results, signature.results).map { Bounds($0, shape: $1.shape) }
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    attentionHazards(
      for: operands, in: signature, format: format, layout: forward.layout(signature),
      alternating: [1, 6])
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let layout = forward.layout(operands[4].shape, operands[5].shape, operands[6].shape)
    return attentionCause(head: element / (results[result].count / layout.heads), layout, operands)
  }
}
