import Numbers
import RealModule
import Tensors

/// One way to fill the free values of a region.
///
/// Those that fill everything with one number come first: they make the plainest witnesses.
struct Probe {
  enum Pattern: Hashable {
    /// The same number everywhere.
    case constant(Double)
    /// One element of every lane along the last axis, the others of the opposite sign.
    case outstanding(Double)
    /// Even numbers in ±scale, a tenth of them 0 if `hasZeros`.
    case even(scale: Double, hasZeros: Bool)
    /// Lanes along the last axis of one number each, evenly in ±scale.
    case lanes(scale: Double)
    /// Lanes of numbers that differ by a millionth, which cancel.
    case near(scale: Double)
    /// Either sign and every order of magnitude between two.
    case magnitudes(least: Double, greatest: Double)
  }

  let pattern: Pattern
  let number: Int
  /// Whether all free values of one shape hold the same numbers.
  let isShared: Bool
  /// Whether it reaches so far that only functions of one variable are judged by it.
  let isExtreme: Bool

  /// The probes for a format, those that tell most first.
  ///
  /// `reach` is the greatest magnitude of an ordinary free value, and `constants` are numbers that
  /// the region holds, at which something may happen.
  static func all(for format: NumberFormat, reach: Double, constants: [Double]) -> [Probe] {
    var patterns: [(Pattern, Bool)] = []
    func add(_ list: Pattern..., shared: Bool = true) {
      for pattern in list { patterns.append((pattern, shared)) }
    }
    let least = format.leastNormal * 0x1p4
    add(.constant(1), .constant(0), .constant(-1), .constant(100), .constant(-100))
    add(.even(scale: 100, hasZeros: false), shared: false)
    add(.near(scale: 1000), .outstanding(100))
    add(.even(scale: reach, hasZeros: false), .even(scale: 1, hasZeros: true), shared: false)
    for number in constants { add(.constant(number), .constant(-number)) }
    for number in [0.5, 20, 60, 1000, reach] { add(.constant(number), .constant(-number)) }
    for number in [20, 60, 1000, reach] { add(.outstanding(number), .outstanding(-number)) }
    add(.constant(least), .constant(-least))
    for scale in [1e-3, 1, 10, 30, 100, 1000, 1e5, reach] {
      add(.lanes(scale: scale), .even(scale: scale, hasZeros: false), shared: false)
      add(.even(scale: scale, hasZeros: false))
    }
    add(.magnitudes(least: least, greatest: reach), shared: false)
    add(.magnitudes(least: least, greatest: reach))
    for scale in [1.0, 10, 50] { add(.even(scale: scale, hasZeros: true), shared: false) }
    func clipped(_ number: Double) -> Double { min(max(number, -reach), reach) }
    var seen: Set<Pattern> = []
    var probes: [Probe] = []
    for (pattern, isShared) in patterns {
      let pattern: Pattern =
        switch pattern {
        case .constant(let number): .constant(clipped(number))
        case .outstanding(let number): .outstanding(clipped(number))
        case .even(let scale, let hasZeros):
          .even(scale: clipped(scale), hasZeros: hasZeros && scale <= 100)
        case .lanes(let scale): .lanes(scale: clipped(scale))
        case .near(let scale): .near(scale: clipped(scale))
        case .magnitudes: pattern
        }
      if case .constant = pattern, !seen.insert(pattern).inserted { continue }
      probes.append(
        Probe(pattern: pattern, number: probes.count, isShared: isShared, isExtreme: false))
    }
    let far = farReach(of: format)
    for pattern in [
      Pattern.constant(far), .constant(-far),
      .magnitudes(least: format.leastSubnormal, greatest: far),
    ] {
      probes.append(
        Probe(pattern: pattern, number: probes.count, isShared: true, isExtreme: true))
    }
    return probes
  }

  /// What a single free value reaches to: a little farther than what has a square.
  static func farReach(of format: NumberFormat) -> Double {
    Double.exp2(Double(format.greatestExponent / 2 + 2))
  }

  /// Whether free values are of a size that trained networks have.
  var isModest: Bool {
    switch pattern {
    case .constant(let number), .outstanding(let number): abs(number) <= 100
    case .even(let scale, _), .lanes(let scale): scale <= 100
    case .near, .magnitudes: false
    }
  }

  /// Whether free values are as a layer gives them: of both signs, none of them 0.
  var isOrdinary: Bool {
    if case .even(let scale, false) = pattern { return scale >= 1 && scale <= 100 }
    return false
  }

  // MARK: Filling

  /// Fills reals that are free within `hull`; `leaf` tells one from another.
  func fill(_ tensor: Tensor, leaf: Int, within hull: Interval) {
    let elements = tensor.elements(as: Float.self)
    let stream = RandomStream(
      seed: UInt64(number), name: isShared ? "probe" : "probe of leaf \(leaf)")
    let lane = max(1, tensor.shape.rank == 0 ? 1 : tensor.shape[tensor.shape.rank - 1])
    for i in elements.indices {
      elements[i] = Float(Self.fitted(value(at: i, lane: lane, stream), hull))
    }
  }

  private func value(at index: Int, lane: Int, _ stream: RandomStream) -> Double {
    switch pattern {
    case .constant(let number): return number
    case .outstanding(let number):
      return index % lane == (index / lane) % lane ? number : -number
    case .even(let scale, let hasZeros):
      let draw = stream.uniform(at: index)
      return hasZeros && draw < 0.1 ? 0 : scale * (2 * draw - 1)
    case .lanes(let scale): return scale * (2 * stream.uniform(at: index / lane) - 1)
    case .near(let scale):
      // Lanes and elements draw from different parts of the stream.
      let middle = scale * (2 * stream.uniform(at: (index / lane) * 2 + 1) - 1)
      return middle * (1 + 0x1p-20 * stream.uniform(at: index * 2))
    case .magnitudes(let least, let greatest):
      let draw = stream.uniform(at: 2 * index)
      let sign: Double = stream.uniform(at: 2 * index + 1) < 0.5 ? -1 : 1
      return sign * least * Double.exp2(draw * Double.log2(greatest / least))
    }
  }

  /// A number moved into an interval, mirrored at 0 where that is enough.
  private static func fitted(_ number: Double, _ hull: Interval) -> Double {
    let mirrored =
      hull.lower >= 0 ? abs(number) : hull.upper <= 0 ? -abs(number) : number
    return min(max(mirrored, hull.lower), hull.upper)
  }

  /// Fills gradients that come from outside: of either sign, ordinary, and never 0.
  func fillCotangent(_ tensor: Tensor, leaf: Int) {
    let elements = tensor.elements(as: Float.self)
    let stream = RandomStream(seed: UInt64(number), name: "cotangent of leaf \(leaf)")
    for i in elements.indices {
      if case .constant = pattern {
        elements[i] = 1
      } else {
        let draw = stream.uniform(at: i) - 0.5
        elements[i] = Float(draw + (draw < 0 ? -0.5 : 0.5))
      }
    }
  }

  /// Fills elements that are 0 or 1 so that lanes along the last axis hold both.
  func fillMask(_ count: Int, leaf: Int, lane: Int, _ set: (Int, Bool) -> Void) {
    let stream = RandomStream(seed: UInt64(number), name: "mask of leaf \(leaf)")
    for i in 0..<count {
      let place = lane > 1 ? i % lane : i % 2
      let isFirst = place == number % max(lane, 2)
      let isSecond = place == (number + 1) % max(lane, 2)
      set(i, isFirst || !isSecond && stream.uniform(at: i) < 0.5)
    }
  }

  /// Fills integers between two.
  func fillIntegers(_ tensor: Tensor, leaf: Int, low: Int64, high: Int64) {
    let elements = tensor.elements(as: Int64.self)
    let stream = RandomStream(seed: UInt64(number), name: "integers of leaf \(leaf)")
    let span = Int(clamping: high.subtractingReportingOverflow(low).partialValue)
    for i in elements.indices {
      let draw = span > 0 && span < Int.max ? stream.integer(at: i, below: span + 1) : 0
      elements[i] = low + Int64(draw)
    }
  }
}
