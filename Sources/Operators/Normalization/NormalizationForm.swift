import Numbers
import RealModule
import Semantics
import Tensors

/// What a normalisation is over, and how: the attributes that its forward and backward operators
/// share.
public struct NormalizationForm: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    /// Mean 0 and variance 1 of every channel of [N, C, …] over all other axes.
    case batch
    /// Mean 0 and variance 1 over `axis` and all axes after it.
    case layer
    /// Mean square 1 over `axis` and all axes after it.
    case rms
  }

  public let kind: Kind
  /// The first axis that is normalised, where negative axes count back; of no use to `batch`.
  public let axis: Int
  /// What is added to the variance or mean square.
  public let epsilon: Double

  public init(_ kind: Kind, axis: Int = -1, epsilon: Double = 1e-5) {
    precondition(epsilon >= 0, "epsilon must not be negative")
    self.kind = kind
    self.axis = kind == .batch ? 1 : axis
    self.epsilon = epsilon
  }

  /// Reads `epsilon`, and `axis` where it has a meaning.
  init(_ kind: Kind, attributes: Attributes, in owner: String) throws(OperatorError) {
    let epsilon = try attributes.real("epsilon", default: 1e-5, in: owner)
    guard epsilon >= 0, epsilon.isFinite else {
      throw OperatorError(.invalidAttribute, in: owner, "epsilon must not be negative")
    }
    self.init(
      kind, axis: try attributes.integer("axis", default: -1, in: owner), epsilon: epsilon)
  }

  var attributes: Attributes {
    var attributes: Attributes = ["epsilon": .real(epsilon)]
    if kind != .batch { attributes["axis"] = .integer(axis) }
    return attributes
  }

  /// Whether the mean is taken away.
  var centres: Bool { kind != .rms }

  /// The shape that scale and bias must have for an operand of shape `x`.
  func scale(for x: Shape, in owner: String) throws(OperatorError) -> Shape {
    if kind == .batch {
      guard x.rank >= 2 else {
        throw OperatorError(.invalidShape, in: owner, "takes [N, C, …], not \(x)")
      }
      return [x[1]]
    }
    guard let first = x.axis(axis) else {
      throw OperatorError(.invalidAttribute, in: owner, "axis \(axis) is outside of \(x)")
    }
    return Shape(Array(x.extents[first...]))
  }

  func layout(_ x: Shape) -> NormalizationLayout {
    if kind == .batch {
      let inner = count(of: 2..<x.rank, in: x)
      return NormalizationLayout(
        groups: x.extents[1], runs: x.extents[0], length: inner, groupStride: inner,
        runStride: x.extents[1] * inner, scalesGroups: true)
    }
    let first = axis < 0 ? axis + x.rank : axis
    let length = count(of: first..<x.rank, in: x)
    return NormalizationLayout(
      groups: count(of: 0..<first, in: x), runs: 1, length: length, groupStride: length,
      runStride: 0, scalesGroups: false)
  }
}

/// Groups of elements that are normalised together, each made of runs of neighbours.
struct NormalizationLayout {
  let groups: Int
  let runs: Int
  let length: Int
  let groupStride: Int
  let runStride: Int
  /// Whether there is one scale for each group; otherwise one for each element of a group.
  let scalesGroups: Bool

  /// Elements of a group.
  var size: Int { runs * length }

  /// The elements of a run.
  func range(_ group: Int, _ run: Int) -> Range<Int> {
    let start = group * groupStride + run * runStride
    return start..<start + length
  }

  /// The scale or bias of a group: one, or one for each element of its run.
  func scaling<T>(_ elements: Elements<T>, _ group: Int) -> Elements<T> {
    scalesGroups ? elements[group..<group + 1] : elements
  }

  /// Calls `body` with each element of a group and the number of its scale.
  @inline(__always)
  func forEach(_ group: Int, _ body: (_ element: Int, _ scale: Int) -> Void) {
    for run in 0..<runs {
      let start = group * groupStride + run * runStride
      for k in 0..<length { body(start + k, scalesGroups ? group : k) }
    }
  }

  /// Parts that the groups are split into for threads: fixed by the shapes.
  var parts: Int { min(groups, groups * size / 16_384 + 1, 16) }

  /// The groups of one part.
  func groups(_ part: Int) -> Range<Int> {
    groups * part / parts..<groups * (part + 1) / parts
  }

  func group(of element: Int) -> Int {
    scalesGroups ? element / length % groups : element / length
  }

  func scale(of element: Int) -> Int {
    scalesGroups ? group(of: element) : element % length
  }

  /// Groups whose sums are formed at the same time: elements of many channels lie beside each other
  /// where those of one lie far apart.
  static var together: Int { 16 }

  /// The groups of one part, some at a time.
  @inline(__always)
  func forEachBlock(_ part: Int, _ body: (Range<Int>) -> Void) {
    let groups = groups(part)
    for first in stride(from: groups.lowerBound, to: groups.upperBound, by: Self.together) {
      body(first..<min(first + Self.together, groups.upperBound))
    }
  }

  /// Sums of a group that are still empty.
  func emptySums<T: Scalar>(
    _ x: Elements<T>, _ group: Int, _ form: NormalizationForm
  ) -> NormalizationKernels.Sums {
    let isEmpty = size == 0 || !form.centres
    return NormalizationKernels.Sums(shift: isEmpty ? 0 : Double(x[group * groupStride]))
  }

  /// Mean and 1/√(variance + ε) of a group, in double; the mean is 0 where it is not taken away.
  func statistics(
    _ sums: NormalizationKernels.Sums, _ form: NormalizationForm
  ) -> (mean: Double, factor: Double) {
    let squares = form.centres ? sums.centredSquares(of: size) : sums.squares
    return (
      form.centres ? sums.mean(of: size) : 0,
      1 / (squares / Double(size) + form.epsilon).squareRoot()
    )
  }

  /// The same from the elements.
  @inline(__always)
  func statistics<T: Scalar>(
    _ x: Elements<T>, _ group: Int, _ form: NormalizationForm
  ) -> (mean: Double, factor: Double) {
    var sums = emptySums(x, group, form)
    for run in 0..<runs { sums.add(x[range(group, run)]) }
    return statistics(sums, form)
  }

  /// An interval of the normalised elements of a group, and of 1/√(variance + ε).
  ///
  /// The value rule sums distances from the first element of the group; what rounding makes of its
  /// sums is within as well.
  func normalized(
    _ x: [Interval], _ group: Int, _ form: NormalizationForm
  ) -> (elements: [Interval], factor: Interval) {
    let n = Interval(Double(size))
    let shift = size > 0 && form.centres ? x[group * groupStride] : Interval(0)
    var (sum, distances, squares) = (OutwardSum(), OutwardSum(), OutwardSum())
    forEach(group) { i, _ in
      let distance = x[i] - shift
      sum.add(x[i])
      distances.add(distance)
      squares.add(distance.squared)
    }
    let roundings = Double(size + 8) * .ulpOfOne
    func widened(_ interval: Interval, by slack: Double) -> Interval {
      slack.isFinite ? Interval(interval.lower - slack, interval.upper + slack) : .whole
    }
    let mean =
      form.centres
      ? widened(
        (sum.interval / n).widened(ulps: 4), by: roundings * distances.magnitude / n.upper)
      : Interval(0)
    var centred: [Interval] = []
    var centredSquares = OutwardSum()
    forEach(group) { i, _ in
      let d = x[i] - mean
      centred.append(d)
      centredSquares.add(d.squared)
    }
    let variance = widened(
      centredSquares.interval / n, by: 4 * roundings * squares.magnitude / n.upper)
    let least = max(variance.lower, 0) + form.epsilon
    let factor = Interval(
      1 / (max(variance.upper, 0) + form.epsilon).squareRoot(), 1 / least.squareRoot()
    ).widened(ulps: 4)
    // No element can be farther than this from the mean of its group.
    let limit = Double(form.centres ? size - 1 : size).squareRoot()
    let reach = Interval(-limit, limit).widened(ulps: 4 + size)
    let elements = centred.map { d in
      let product = factor.isBounded ? (d * factor).widened(ulps: 4) : .whole
      return product.intersection(reach) ?? reach
    }
    return (elements, factor)
  }
}

extension NormalizationForm {
  /// The variance (or mean square) that the operator divides by, from the moments of its operand.
  ///
  /// Over a batch, what two samples or positions share is not part of the variance.
  func variance(of x: Moments, in shape: Shape) -> Double {
    switch kind {
    case .rms: x.secondMoment
    case .layer: x.variance
    case .batch: x.secondMoment * max(0, 1 - pairCorrelation(of: x, in: shape))
    }
  }

  /// The uncentred correlation between two elements of one channel.
  ///
  /// Elements of other samples at other places have in common what both samples and places have.
  func pairCorrelation(of x: Moments, in shape: Shape) -> Double {
    let samples = Double(shape[0])
    let positions = Double(count(of: 2..<shape.rank, in: shape))
    let pairs = samples * positions - 1
    guard pairs > 0 else { return 1 }
    let both = min(x.sampleCorrelation, positions > 1 ? x.positionCorrelation : 1)
    return
      ((positions - 1) * x.positionCorrelation
      + (samples - 1) * (x.sampleCorrelation + (positions - 1) * both)) / pairs
  }

  /// The factor of E[∂x²] beside 1/Var x of a norm over a batch.
  ///
  /// The variance of one unit is that of r − 1 independent samples, 1/r = 1/B + E[cos²], as samples
  /// that look alike count less: E[1/Var] = (r − 1)/(r − 3). Of B directions two are removed, the
  /// mean's elsewhere. With r = B it is the (B − 2)/(B − 3) of a linear network.
  func batchGain(_ x: Moments, in shape: Shape) -> Double {
    let size = Double(layout(shape).size)
    let overlap = x.fluctuation.batchOverlap(
      samples: layout(shape).size, common: pairCorrelation(of: x, in: shape))
    let free = max(1 / overlap, 3.5)
    return (free - 1) / (free - 3) * max(size - 2, 1) / max(size - 1, 1)
      * (1 + borderVariance(x, in: shape))
  }

  /// The relative variance that a unit's variance has because its places share a mean unevenly: zeros
  /// around an image take taps from the places at its border.
  ///
  /// A share v of the variance is a square of the few weights at a border: 2 v² q with q from ¼ (a
  /// kernel of 3 × 3) to ½ (a kernel over one axis), of which the smaller is taken.
  private func borderVariance(_ x: Moments, in shape: Shape) -> Double {
    let common = pairCorrelation(of: x, in: shape)
    let uneven = max(0, x.sampleCorrelation - x.positionCorrelation)
    guard count(of: 2..<shape.rank, in: shape) > 1, common < 1 else { return 0 }
    let share = min(1, uneven / (1 - common))
    return share * share / 2
  }

  /// As how many independent elements the mean square of one group of `x` varies, and the relative
  /// variance of a single unit's mean square in it.
  ///
  /// Places that see the same weights are not independent: a group of g channels with many places is
  /// as good as g times the places that differ, and its channels keep mean squares of their own.
  func freedom(of x: Moments, in shape: Shape) -> (count: Double, unitVariance: Double) {
    let (layout, roles) = (layout(shape), x.roles(in: shape))
    let first = axis < 0 ? axis + shape.rank : axis
    let places = roles.axes(.position).filter { $0 >= first }.reduce(1) { $0 * shape[$1] }
    let size = Double(layout.size)
    guard kind != .batch, places > 1 else { return (size, 0) }
    let (units, positions) = [x].layout(in: TensorType(shape))
    let own = min(Double(places), x.freePlaces(units: units, positions: positions))
    let inGroup = size / Double(places)
    return (inGroup * own, 2 / own * (1 - 1 / max(1, inGroup)))
  }

  /// How far the second moment of a cotangent may be off, relative, by the rules of this norm.
  ///
  /// They take overlaps of samples as chance makes them, and half of what these add is not known.
  /// Samples whose scales grow apart count by their own weights, of which the rules say nothing: by
  /// as much as ln of the scales varies the result is uncertain.
  func batchError(_ gain: Double, _ x: Moments) -> Double {
    abs(gain - 1) / 2 + x.fluctuation.ownVariance
  }

  /// The variance of ln of the samples' scales beyond which a norm over the batch has no law.
  static let greatestOwnVariance = 0.5

  /// Moments of the normalised elements, known even where those of the operand are not.
  func normalized(_ x: Moments, in shape: Shape) -> Moments {
    let variance = variance(of: x, in: shape)
    let isKnown = x.basis != .unknown && variance.isFinite
    let layout = layout(shape)
    let second = isKnown ? variance / (variance + epsilon) : 1
    var result = Moments(
      mean: 0, secondMoment: isKnown && variance == 0 ? 0 : second,
      basis: isKnown ? .closedForm : .firstOrder)
    if !isKnown { return result }
    // Normalised normal elements stay normal. The mean square of each group no longer varies but
    // for epsilon; that of one sample within a batch does.
    if x.law == .gaussian { result.law = kind == .batch ? .gaussian : .spherical }
    result.axes = x.axes
    result.areSteps = x.areSteps
    let removed = kind == .layer ? x.mean * x.mean : 0
    if kind != .batch, variance > 0 {
      let (units, positions) = [x].layout(in: TensorType(shape))
      result.fluctuation = x.drawn(units: units, positions: positions).fluctuation.normalized(
        epsilon: epsilon / variance, removed: removed / x.secondMoment)
      // Units of one group with scales of their own are no normal elements of one scale: half of
      // what a curved function makes of it.
      result.fluctuation = result.fluctuation.uncertain(
        by: freedom(of: x, in: shape).unitVariance / 4)
    }
    func kept(_ correlation: Double) -> Double {
      variance > 0 ? (correlation * x.secondMoment - removed) / variance : 0
    }
    switch kind {
    case .rms:
      result.mean = x.mean / (variance + epsilon).squareRoot()
      result.sampleCorrelation = x.sampleCorrelation
      result.positionCorrelation = x.positionCorrelation
    case .layer:
      if freedom(of: x, in: shape).unitVariance > 0 { result.places = x.places }
      result.sampleCorrelation = kept(x.sampleCorrelation)
      result.positionCorrelation = kept(x.positionCorrelation)
    case .batch:
      // What all elements of a channel share is gone, and they sum to 0.
      let (samples, positions) = (Double(layout.runs), Double(layout.length))
      let common = pairCorrelation(of: x, in: shape)
      result.places = x.places
      if variance > 0 {
        // What epsilon takes is known as far as the variance is.
        result.fluctuation = x.fluctuation.relativeToBatch(samples: layout.size, common: common)
          .uncertain(by: epsilon / (variance + epsilon))
      }
      let between = common < 1 ? (x.positionCorrelation - common) / (1 - common) : 0
      result.positionCorrelation =
        samples > 1 && positions > 1 ? between : -1 / Double(max(layout.size - 1, 1))
      if samples > 1 {
        let own = 1 + (positions - 1) * result.positionCorrelation
        result.sampleCorrelation = -own / ((samples - 1) * positions)
      }
    }
    return result
  }
}
