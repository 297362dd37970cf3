public import Numbers
public import Semantics
public import Tensors

/// The cotangent of x in ``NormalizationGradient``, for a cotangent g of its ∂x.
///
/// Operands are g, ∂y, x and the scale. It makes Hessian-vector products possible; third
/// derivatives are refused.
public struct NormalizationSecondGradient: Operator {
  public static let name = "NormalizationSecondGradient"

  public let form: NormalizationForm

  public init(_ form: NormalizationForm) { self.form = form }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("kind", "axis", "epsilon", in: Self.name)
    form = try NormalizationGradient.form(attributes)
  }

  public var attributes: Attributes { NormalizationGradient(form).attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 4...4)
    guard operands[0] == operands[1] else {
      throw refusal(.invalidShape, "\(operands[0]) and \(operands[1]) must agree")
    }
    return [try NormalizationGradient(form).types(of: Array(operands[1...]))[0]]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  /// With a = mean(g x̂), b = mean(u x̂), w = b g + a u:
  /// −s² (x̂ (mean(g u) − mean g mean u − 3 a b) + w − mean w).
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = form.layout(operands[2].shape)
    let (g, dy) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
    let (x, scale) = (operands[2].elements(as: T.self), operands[3].elements(as: T.self))
    let result = results[0].elements(as: T.self)
    let n = Double(layout.size)
    for group in 0..<layout.groups {
      let (mean, factor) = layout.statistics(x, group, form)
      var (a, b, gu, gSum, uSum) = (0.0, 0.0, 0.0, 0.0, 0.0)
      layout.forEach(group) { i, k in
        let normalized = (Double(x[i]) - mean) * factor
        let u = Double(scale[k]) * Double(dy[i])
        a += Double(g[i]) * normalized
        b += u * normalized
        gu += Double(g[i]) * u
        gSum += Double(g[i])
        uSum += u
      }
      if !form.centres { (gSum, uSum) = (0, 0) }
      (a, b, gu, gSum, uSum) = (a / n, b / n, gu / n, gSum / n, uSum / n)
      let along = gu - gSum * uSum - 3 * a * b
      let shift = b * gSum + a * uSum
      layout.forEach(group) { i, k in
        let normalized = (Double(x[i]) - mean) * factor
        let w = b * Double(g[i]) + a * Double(scale[k]) * Double(dy[i])
        result[i] = T(-factor * factor * (normalized * along + w - shift))
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    if cotangents[0] == nil { return [nil, nil, nil, nil] }
    throw refusal(.unsupported, "a normalisation can be differentiated twice, not three times")
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [.unknown("second derivatives of normalisations are not predicted")]
  }

  /// The value's own steps on intervals; and no element exceeds 3 s² ‖g‖ ‖u‖ / √n, which follows
  /// from |a| ≤ ‖g‖/√n and |b| ≤ ‖u‖/√n.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.operands[2].shape
    let layout = form.layout(shape)
    let n = Interval(Double(layout.size))
    var intervals = Array(repeating: Interval(0), count: shape.count)
    for group in 0..<layout.groups {
      let (elements, factor) = layout.normalized(operands[2].intervals, group, form)
      var (gSquares, uSquares) = (OutwardSum(), OutwardSum())
      var sums = Array(repeating: OutwardSum(), count: 5)
      var u: [Interval] = []
      layout.forEach(group) { i, k in
        let (g, normalized) = (operands[0].intervals[i], elements[u.count])
        let own = operands[1].intervals[i] * operands[3].intervals[k]
        u.append(own)
        gSquares.add(g.squared)
        uSquares.add(own.squared)
        sums[0].add(1, g, normalized)
        sums[1].add(1, own, normalized)
        sums[2].add(1, g, own)
        sums[3].add(g)
        sums[4].add(own)
      }
      let norms =
        gSquares.interval.upper.squareRoot() * uSquares.interval.upper.squareRoot()
        / Double(layout.size).squareRoot()
      // One share more than the three of the exact estimate covers all rounding.
      let limit = 4 * factor.upper * factor.upper * norms
      let reach = limit.isNaN ? Interval.whole : Interval(-limit, limit)
      let means = sums.map { $0.interval / n }
      let (a, b, gu) = (means[0], means[1], means[2])
      let (gMean, uMean) = form.centres ? (means[3], means[4]) : (Interval(0), Interval(0))
      var along = OutwardSum()
      along.add(gu)
      along.add(-1, gMean, uMean)
      along.add(-3, a, b)
      let negative = factor.isBounded ? -factor.squared : .whole
      var next = 0
      layout.forEach(group) { i, _ in
        var rest = OutwardSum()
        rest.add(1, elements[next], along.interval)
        rest.add(1, b, operands[0].intervals[i] - gMean)
        rest.add(1, a, u[next] - uMean)
        let product = (rest.interval * negative).widened(ulps: 8)
        intervals[i] = product.intersection(reach) ?? reach
        next += 1
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// Division by ε, or by 0, where a group has no spread.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let layout = form.layout(signature.operands[2].shape)
    guard let members = operands.members(in: format), layout.size > 0 else { return [] }
    let (g, u) = (members[0].alternating, members[1].alternating)
    let scale = members[3].tensor(\.upper)
    if Float(form.epsilon) == 0, let flat = layout.flat(members[2], centres: form.centres) {
      return [
        Hazard(
          .undefined,
          "a group without spread divides 0 by 0, as epsilon is \(form.epsilon).",
          witness: [g, u, flat, scale])
      ]
    }
    let x = members[2].intervals.enumerated().map { place, interval in
      place % 2 == 0
        ? min(max(format.leastNormal, interval.lower), interval.upper)
        : interval.nearestToZero
    }
    return overflowHazard(
      [g, u, Tensor(x, shape: operands[2].shape), scale], in: signature, format: format,
      "a group with little spread divides a product of cotangents by epsilon.")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let layout = form.layout(operands[2].shape)
    let group = layout.group(of: element)
    var places: [Place] = []
    layout.forEach(group) { i, k in
      places += (0...2).map { Place(operand: $0, element: i) }
      places.append(Place(operand: 3, element: k))
    }
    return Cause.passedOn(places, of: operands) ?? layout.failure(of: operands[2], group, form)
  }
}
