public import Numbers
import RealModule
public import Semantics
public import Tensors

/// The cotangents of a normalisation's operand, scale and, where the mean is removed, bias.
///
/// Operands are ∂y, x and the scale. With u = scale · ∂y, x̂ the normalised elements and
/// s = 1/√(variance + ε), ∂x = s (u − mean u − x̂ mean(u x̂)): the cotangent divided by the standard
/// deviation, less its components along 1 and x̂.
public struct NormalizationGradient: Operator {
  public static let name = "NormalizationGradient"

  public let form: NormalizationForm

  public init(_ form: NormalizationForm) { self.form = form }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("kind", "axis", "epsilon", in: Self.name)
    form = try Self.form(attributes)
  }

  static func form(_ attributes: Attributes) throws(OperatorError) -> NormalizationForm {
    let name = try attributes.text("kind", in: Self.name)
    guard let kind = NormalizationForm.Kind(rawValue: name) else {
      throw OperatorError(.invalidAttribute, in: Self.name, "there is no kind '\(name)'")
    }
    return try NormalizationForm(kind, attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes {
    var attributes = form.attributes
    attributes["kind"] = .text(form.kind.rawValue)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 3...3)
    let scale = TensorType(try form.scale(for: operands[1].shape, in: Self.name))
    guard operands[0] == operands[1], operands[2] == scale else {
      throw refusal(
        .invalidShape, "\(operands[0]), \(operands[1]) and scale \(operands[2]) do not fit")
    }
    return form.centres ? [operands[1], scale, scale] : [operands[1], scale]
  }

  /// Cotangents of scale and bias of every part, where groups share them.
  public func workspace(for signature: Signature) -> Int {
    let layout = form.layout(signature.operands[1].shape)
    return layout.scalesGroups ? 0 : 2 * layout.parts * layout.length
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = form.layout(operands[1].shape)
    let work = NormalizationGradientWork<T>(
      form: form, layout: layout, dy: operands[0].elements(), x: operands[1].elements(),
      scale: operands[2].elements(), dx: results[0].elements(), dscale: results[1].elements(),
      dbias: form.centres ? results[2].elements() : nil, workspace: workspace)
    Threads.run(parts: layout.parts, work)
    if !layout.scalesGroups { work.addParts() }
    if layout.groups == 0 { results[1...].forEach { $0.fillWithZeros() } }
  }

  /// ∂x is linear in ∂y by a symmetric map, which its cotangent goes through too.
  ///
  /// In x the derivative takes an operator of its own; cotangents of the scale and bias cotangents
  /// are normalisations again.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let (dy, x, scale) = (node.operands[0], node.operands[1], node.operands[2])
    let (xShape, scaleShape) = (graph.type(of: x).shape, graph.type(of: scale).shape)
    let aligned =
      form.kind == .batch
      ? Shape(scaleShape.extents + Array(repeating: 1, count: xShape.rank - 2)) : scaleShape
    var (forDy, forX): (Value?, Value?) = (nil, nil)
    var forScale: Value?
    func add(_ part: Value, to sum: inout Value?) throws(OperatorError) {
      if let old = sum { sum = try graph.apply(Add(), old, part) } else { sum = part }
    }
    if let g = cotangents[0] {
      let ones = try graph.apply(Constant(1, shape: scaleShape))
      let mapped = try graph.append(self, to: [g, x, ones])[0]
      let column = try graph.reshaped(scale, to: aligned.extents)
      try add(try graph.apply(Mul(), mapped, column), to: &forDy)
      let product = try graph.apply(Mul(), dy, mapped)
      forScale = try graph.reshaped(
        try graph.summed(product, to: aligned), to: scaleShape.extents)
      try add(try graph.apply(NormalizationSecondGradient(form), g, dy, x, scale), to: &forX)
    }
    if let h = cotangents[1] {
      try add(try graph.append(self, to: [dy, x, h])[0], to: &forX)
    }
    let biasCotangent = form.centres ? cotangents[2] : nil
    if cotangents[1] != nil || biasCotangent != nil {
      let zeros = try graph.apply(Constant(0, shape: scaleShape))
      var operands = [x, cotangents[1] ?? zeros]
      if form.centres { operands.append(biasCotangent ?? zeros) }
      let forward: any Operator =
        switch form.kind {
        case .batch: BatchNormalization(isTraining: true, epsilon: form.epsilon)
        case .layer: LayerNormalization(axis: form.axis, epsilon: form.epsilon)
        case .rms: RMSNormalization(axis: form.axis, epsilon: form.epsilon)
        }
      try add(try graph.append(forward, to: operands)[0], to: &forDy)
    }
    return [forDy, forX, forScale]
  }

  /// ∂x: the second moment times E[s²], less what is removed.
  ///
  /// For n independent normal elements E[s²] = n/((n − 3) Var) and a share (n − 2)/n stays, which
  /// makes the exact factor (n − 2)/(n − 3) per layer of a linear network with batch norm; without
  /// a mean it is (n − 1)/(n − 2). First order otherwise: a cotangent that comes from a norm
  /// further up a residual stream has lost these components there.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (dy, x, scale) = (operands[0], operands[1], operands[2])
    let shape = signature.operands[1].shape
    let layout = form.layout(shape)
    let n = form.freedom(of: x, in: shape).count
    let normalized = form.normalized(x, in: shape)
    let sums = layout.scalesGroups ? layout.size : layout.groups
    var results = [Moments.contractionOverSamples(dy, normalized, samples: sums)]
    if form.centres {
      results.append(.contractionOverSamples(dy, .constant(1), samples: sums))
    }
    let variance = form.variance(of: x, in: shape)
    guard x.basis != .unknown, variance.isFinite else {
      return [.unknown("the variance that the operator divides by is not known")] + results
    }
    let type = signature.operands[1]
    let (units, positions) = [x, dy].layout(in: type)
    let u = Moments.product(dy, scale).drawn(units: units, positions: positions)
    // The part of the cotangent that all elements of a group share is removed with the mean.
    let common =
      switch form.kind {
      case .rms: 0.0
      case .layer: u.mean * u.mean
      case .batch: u.secondMoment * max(0, form.pairCorrelation(of: dy, in: shape))
      }
    let degrees = form.centres ? 3.0 : 2
    if n < Double(layout.size), n < degrees + 0.5 {
      return [.unknown("a group has too few elements of its own for a rule")] + results
    }
    let isDrawn = x.law == .gaussian && n > degrees
    let removed = min(1, max(0, u.alignment) * (degrees - 1) / n)
    let finite: Double
    if form.kind == .batch {
      finite = form.batchGain(x, in: shape)
    } else if isDrawn {
      finite = (n - degrees + 1) / (n - degrees)
    } else {
      let spread = min(0.5, x.spreadBetweenPositions(units: units, positions: positions))
      finite = (1 - removed) / (1 - spread)
    }
    let gain = finite / (variance + form.epsilon)
    var dx = u
    dx.mean = form.kind == .rms ? u.mean / (variance + form.epsilon).squareRoot() : 0
    dx.secondMoment = gain * max(u.secondMoment - common, 0)
    let left = u.secondMoment - common
    dx.sampleCorrelation =
      form.kind == .batch || left <= 0
      ? 0 : (u.sampleCorrelation * u.secondMoment - common) / left
    dx.positionCorrelation =
      left <= 0 ? 0 : (u.positionCorrelation * u.secondMoment - common) / left
    dx.law = .other
    dx.basis = max(dx.basis, x.basis)
    if x.law != .gaussian || layout.length > 1 && layout.scalesGroups {
      dx.basis = max(dx.basis, .firstOrder)
    }
    dx.axes = x.axes ?? dy.axes
    if form.kind == .batch {
      // All samples are divided alike, which says nothing of one sample's scale.
      if x.fluctuation.ownVariance > NormalizationForm.greatestOwnVariance {
        return [.unknown("the samples of the batch differ too much in scale for a rule")] + results
      }
      dx = dx.passingBatch(error: form.batchError(finite, x))
    } else {
      // A greater operand is divided by more: the gradient falls as its mean square grows.
      if form.freedom(of: x, in: shape).unitVariance == 0 { dx.places = [] }
      dx = dx.following(
        x.drawn(units: units, positions: positions), by: -1,
        counted: isDrawn
          ? Double.log(finite) : Double.log(onePlus: -min(0.5, max(0, u.alignment) / n)),
        units: isDrawn ? units : nil)
    }
    return [dx] + results
  }

  /// The value's own steps on intervals; and as the map is a projection times s, no element exceeds
  /// s times the norm of u.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.operands[1].shape
    let layout = form.layout(shape)
    let n = Interval(Double(layout.size))
    var dx = Array(repeating: Interval(0), count: shape.count)
    let scaleShape = signature.operands[2].shape
    var dscale = Array(repeating: OutwardSum(), count: scaleShape.count)
    var dbias = dscale
    for group in 0..<layout.groups {
      let (elements, factor) = layout.normalized(operands[1].intervals, group, form)
      var (squares, sum, along) = (OutwardSum(), OutwardSum(), OutwardSum())
      var u: [Interval] = []
      layout.forEach(group) { i, k in
        let dy = operands[0].intervals[i]
        let own = dy * operands[2].intervals[k]
        let normalized = elements[u.count]
        u.append(own)
        squares.add(own.squared)
        sum.add(own)
        along.add(1, own, normalized)
        dscale[k].add(1, dy, normalized)
        dbias[k].add(dy)
      }
      let limit = squares.interval.upper.squareRoot() * factor.upper
      let reach =
        limit.isNaN ? Interval.whole : Interval(-limit, limit).widened(ulps: 8 + layout.size)
      let mean = form.centres ? sum.interval / n : Interval(0)
      let alongMean = along.interval / n
      var next = 0
      layout.forEach(group) { i, _ in
        var rest = OutwardSum()
        rest.add(u[next])
        rest.add(-mean)
        rest.add(-1, elements[next], alongMean)
        let product = factor.isBounded ? (rest.interval * factor).widened(ulps: 4) : .whole
        dx[i] = product.intersection(reach) ?? reach
        next += 1
      }
    }
    let bounds = [
      Bounds(dx, shape: shape), Bounds(dscale.map(\.interval), shape: scaleShape),
    ]
    return form.centres ? bounds + [Bounds(dbias.map(\.interval), shape: scaleShape)] : bounds
  }

  /// Division by √ε, or by 0, where a group has no spread.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let layout = form.layout(signature.operands[1].shape)
    guard let members = operands.members(in: format), layout.size > 0,
      let flat = layout.flat(members[1], centres: form.centres)
    else { return [] }
    // Alternating cotangents, so that little of them is along 1.
    let witness = [members[0].alternating, flat, members[2].tensor(\.upper)]
    if Float(form.epsilon) == 0 {
      return [
        Hazard(
          .undefined,
          "a group without spread divides 0 by 0, as epsilon is \(form.epsilon).",
          witness: witness)
      ]
    }
    return overflowHazard(
      witness, in: signature, format: format,
      "a group without spread multiplies its cotangent by \(1 / form.epsilon.squareRoot()).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let layout = form.layout(operands[1].shape)
    var places: [Place] = []
    var groups = [result == 0 ? layout.group(of: element) : element]
    if result > 0, !layout.scalesGroups { groups = Array(0..<layout.groups) }
    for group in groups {
      layout.forEach(group) { i, k in
        if result == 0 || k == element { places.append(Place(operand: 0, element: i)) }
        if result < 2 { places.append(Place(operand: 1, element: i)) }
        if result == 0 { places.append(Place(operand: 2, element: k)) }
      }
    }
    if let cause = Cause.passedOn(places, of: operands) { return cause }
    if result == 2 {
      return .produced(.overflowOfSum, explanation: "the sum of finite cotangents overflows")
    }
    for group in groups {
      let cause = layout.failure(of: operands[1], group, form)
      if case .produced(.vanishedNorm, _) = cause { return cause }
    }
    return layout.failure(of: operands[1], groups[0], form)
  }
}

/// Groups, one after another: their statistics, sums along 1 and x̂, and cotangents.
private struct NormalizationGradientWork<T: Scalar>: PartedWork {
  let form: NormalizationForm
  let layout: NormalizationLayout
  let dy: Elements<T>
  let x: Elements<T>
  let scale: Elements<T>
  let dx: Elements<T>
  let dscale: Elements<T>
  let dbias: Elements<T>?
  let workspace: Elements<T>

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(part: Int) {
    let shares = shares(part)
    if !layout.scalesGroups {
      for i in 0..<layout.length { shares.scale[i] = 0 }
      if let bias = shares.bias { for i in 0..<layout.length { bias[i] = 0 } }
    }
    layout.forEachBlock(part) { groups in
      var sums = InlineArray<16, _>(repeating: NormalizationKernels.Sums(shift: 0))
      for group in groups { sums[group - groups.lowerBound] = layout.emptySums(x, group, form) }
      for run in 0..<layout.runs {
        for group in groups {
          let range = layout.range(group, run)
          sums[group - groups.lowerBound].add(
            x[range], cotangent: dy[range], scale: layout.scalesGroups ? nil : scale)
        }
      }
      var facts = InlineArray<16, _>(repeating: Facts())
      for group in groups {
        facts[group - groups.lowerBound] = self.facts(group, sums[group - groups.lowerBound])
      }
      for run in 0..<layout.runs {
        for group in groups {
          finish(layout.range(group, run), group, facts[group - groups.lowerBound], shares)
        }
      }
    }
  }

  /// What the sums of a group tell: statistics, and what is taken from the scaled cotangent.
  private struct Facts {
    var mean = 0.0
    var factor = 0.0
    var average = 0.0
    var slope = 0.0
  }

  /// Also writes the cotangents of a scale and bias that belong to the group alone.
  @inline(__always)
  private func facts(_ group: Int, _ sums: NormalizationKernels.Sums) -> Facts {
    let (mean, factor) = layout.statistics(sums, form)
    let along = sums.along(mean) * factor
    var share = 1 / Double(layout.size)
    if layout.scalesGroups {
      dscale[group] = T(along)
      dbias?[group] = T(sums.cotangents)
      share *= Double(scale[group])
    }
    return Facts(
      mean: mean, factor: factor, average: form.centres ? share * sums.cotangents : 0,
      slope: share * along)
  }

  @inline(__always)
  private func finish(
    _ range: Range<Int>, _ group: Int, _ facts: Facts,
    _ shares: (scale: Elements<T>, bias: Elements<T>?)
  ) {
    if !layout.scalesGroups {
      NormalizationKernels.accumulate(
        dy[range], x[range], mean: facts.mean, factor: facts.factor, dscale: shares.scale,
        dbias: shares.bias)
    }
    NormalizationKernels.gradient(
      dy[range], x[range], scale: layout.scaling(scale, group), mean: facts.mean,
      factor: facts.factor, average: facts.average, slope: facts.slope, into: dx[range])
  }

  /// Where a part gathers its cotangents of scale and bias; the first part in the results.
  private func shares(_ part: Int) -> (scale: Elements<T>, bias: Elements<T>?) {
    guard part > 0, !layout.scalesGroups else { return (dscale, dbias) }
    let start = 2 * part * layout.length
    let middle = start + layout.length
    return (
      workspace[start..<middle], dbias.map { _ in workspace[middle..<middle + layout.length] }
    )
  }

  func addParts() {
    for part in 1..<max(layout.parts, 1) {
      let shares = shares(part)
      for i in 0..<layout.length { dscale[i] += shares.scale[i] }
      if let dbias, let bias = shares.bias {
        for i in 0..<layout.length { dbias[i] += bias[i] }
      }
    }
  }
}
