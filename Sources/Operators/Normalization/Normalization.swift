public import Numbers
public import Semantics
public import Tensors

/// `scale · (x − mean) / √(variance + ε) + bias` over groups of elements.
///
/// Statistics are taken in double, so that neither a large mean nor large squares harm them.
public protocol Normalization: Operator {
  /// What is normalised and how.
  var form: NormalizationForm { get }
}

extension Normalization {
  public func workspace(for signature: Signature) -> Int { 0 }

  /// The types where the operands are x, a scale and, if allowed, a bias.
  func normalizedTypes(
    of operands: [TensorType], counts: ClosedRange<Int>
  ) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: counts)
    let shape = operands[0].shape
    guard shape.rank <= greatestRank else {
      throw refusal(.unsupported, "\(shape) has more than \(greatestRank) axes")
    }
    let scale = try form.scale(for: shape, in: Self.name)
    for operand in operands.dropFirst() where operand.shape != scale {
      throw refusal(
        .invalidShape, "scale and bias of \(shape) must be \(scale), not \(operand.shape)")
    }
    return [operands[0]]
  }

  /// The value by the statistics of the operand itself.
  func normalize<T: Scalar>(_ operands: [Tensor], into result: Tensor, _: T.Type) {
    let work = NormalizationWork<T>(
      form: form, layout: form.layout(operands[0].shape), x: operands[0].elements(),
      scale: operands[1].elements(), bias: operands.count > 2 ? operands[2].elements() : nil,
      y: result.elements())
    Threads.run(parts: work.layout.parts, work)
  }

  /// One operator gives the cotangents of all operands.
  func normalizationGradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return node.operands.map { _ in nil } }
    let gradients = try graph.append(
      NormalizationGradient(form), to: [cotangent, node.operands[0], node.operands[1]])
    return Array(gradients.prefix(node.operands.count))
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let normalized = form.normalized(operands[0], in: signature.operands[0].shape)
    let scaled = Moments.product(normalized, operands[1])
    return [operands.count > 2 ? .sum(scaled, operands[2]) : scaled]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let layout = form.layout(shape)
    var intervals = Array(repeating: Interval(0), count: shape.count)
    for group in 0..<layout.groups {
      var (elements, _) = layout.normalized(operands[0].intervals, group, form)
      elements.reverse()
      layout.forEach(group) { i, k in
        let scaled = elements.removeLast() * operands[1].intervals[k]
        intervals[i] = operands.count > 2 ? scaled + operands[2].intervals[k] : scaled
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// 0/0 of a group without spread when ε is 0, and a scale that makes results overflow.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    trainingHazards(for: operands, in: signature, format: format)
  }

  /// Hazards where the statistics are those of the operand.
  func trainingHazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let layout = form.layout(signature.operands[0].shape)
    guard let members = operands.members(in: format), layout.size > 0 else { return [] }
    var hazards: [Hazard] = []
    if Float(form.epsilon) == 0, let flat = layout.flat(members[0], centres: form.centres) {
      hazards.append(
        Hazard(
          .undefined,
          "a group without spread divides 0 by 0, as epsilon is \(form.epsilon).",
          witness: [flat] + members.dropFirst().map(\.nearestToZero)))
    }
    // One element far from all others, which are equal, is as far from them as it can be.
    var x = members[0].map { form.centres ? $0.lower : $0.nearestToZero }
    if layout.size > 1 { x[0] = members[0][0].upper }
    let witness =
      [Tensor(x, shape: operands[0].shape)] + members.dropFirst().map { $0.tensor(\.upper) }
    hazards += overflowHazard(
      witness, in: signature, format: format,
      "the scale makes an element too great for \(format.name).")
    return hazards
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    trainingCause(ofElement: element, operands: operands)
  }

  /// The cause where the statistics are those of the operand.
  func trainingCause(ofElement element: Int, operands: [Tensor]) -> Cause {
    let layout = form.layout(operands[0].shape)
    var places: [Place] = []
    layout.forEach(layout.group(of: element)) { i, _ in
      places.append(Place(operand: 0, element: i))
    }
    for operand in 1..<operands.count {
      places.append(Place(operand: operand, element: layout.scale(of: element)))
    }
    if let cause = Cause.passedOn(places, of: operands) { return cause }
    return layout.failure(of: operands[0], layout.group(of: element), form)
  }
}

/// Groups, one after another, each with its own statistics.
private struct NormalizationWork<T: Scalar>: PartedWork {
  let form: NormalizationForm
  let layout: NormalizationLayout
  let x: Elements<T>
  let scale: Elements<T>
  let bias: Elements<T>?
  let y: Elements<T>

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(part: Int) {
    layout.forEachBlock(part) { groups in
      var sums = InlineArray<16, _>(repeating: NormalizationKernels.Sums(shift: 0))
      var facts = InlineArray<16, _>(repeating: (mean: 0.0, factor: 0.0))
      for group in groups { sums[group - groups.lowerBound] = layout.emptySums(x, group, form) }
      for run in 0..<layout.runs {
        for group in groups { sums[group - groups.lowerBound].add(x[layout.range(group, run)]) }
      }
      for index in 0..<groups.count { facts[index] = layout.statistics(sums[index], form) }
      for run in 0..<layout.runs {
        for group in groups {
          let (mean, factor) = facts[group - groups.lowerBound]
          let range = layout.range(group, run)
          NormalizationKernels.normalize(
            x[range], mean: mean, factor: factor, scale: layout.scaling(scale, group),
            bias: bias.map { layout.scaling($0, group) }, into: y[range])
        }
      }
    }
  }
}

extension NormalizationLayout {
  /// A tensor whose first group has no spread, within `members`.
  func flat(_ members: FormatMembers, centres: Bool) -> Tensor? {
    var low = -Double.infinity
    var high = Double.infinity
    forEach(0) { i, _ in
      low = max(low, members[i].lower)
      high = min(high, members[i].upper)
    }
    guard low <= high, centres || low <= 0 && high >= 0 else { return nil }
    let common = min(max(0, low), high)
    var elements = members.map(\.nearestToZero)
    forEach(0) { i, _ in elements[i] = common }
    return Tensor(elements, shape: members.shape)
  }

  /// Why finite operands gave a result of this group that is not finite.
  func failure(of x: Tensor, _ group: Int, _ form: NormalizationForm) -> Cause {
    let factor =
      x.elementType == .float32
      ? statistics(x.elements(as: Float.self), group, form).factor
      : statistics(x.elements(as: Double.self), group, form).factor
    if !factor.isFinite {
      return .produced(
        .vanishedNorm,
        explanation: "the \(size) elements of group \(group) have no spread and epsilon is"
          + " \(form.epsilon.told)")
    }
    return .produced(
      .overflowOfProduct,
      explanation: "all operands are finite; group \(group) is divided by \((1 / factor).told)")
  }
}

/// Layer normalisation (Ba, Kiros and Hinton 2016) over `axis` and the axes after it.
///
/// Operands are x, a scale and an optional bias of the normalised axes' shape.
public struct LayerNormalization: Normalization {
  public static let name = "LayerNormalization"

  public let form: NormalizationForm

  public init(axis: Int = -1, epsilon: Double = 1e-5) {
    form = NormalizationForm(.layer, axis: axis, epsilon: epsilon)
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "epsilon", in: Self.name)
    form = try NormalizationForm(.layer, attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { form.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try normalizedTypes(of: operands, counts: 2...3)
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    normalize(operands, into: results[0], T.self)
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    try normalizationGradient(of: cotangents, at: node, in: &graph)
  }
}

/// Division by the root mean square (Zhang and Sennrich 2019) over `axis` and the axes after it.
///
/// Operands are x and a scale of the normalised axes' shape.
public struct RMSNormalization: Normalization {
  public static let name = "RMSNormalization"

  public let form: NormalizationForm

  public init(axis: Int = -1, epsilon: Double = 1e-5) {
    form = NormalizationForm(.rms, axis: axis, epsilon: epsilon)
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "epsilon", in: Self.name)
    form = try NormalizationForm(.rms, attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { form.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try normalizedTypes(of: operands, counts: 2...2)
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    normalize(operands, into: results[0], T.self)
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    try normalizationGradient(of: cotangents, at: node, in: &graph)
  }
}
