import Numbers
import RealModule
import Semantics
import Tensors

/// Facts about −ln p_i = ln Σ_j exp(x_j − x_i), the surprise at an element of a softmax.
enum LogOdds {
  /// What −ln p of each element of a lane can be: least where the element is at its greatest and
  /// the others at their least.
  static func ranges(_ x: [Interval]) -> [Interval] {
    let high = rests(x.map(\.upper), against: x.map(\.lower))
    let low = rests(x.map(\.lower), against: x.map(\.upper))
    return zip(low, high).map { low, high in
      // Sums, exponentials of differences and a logarithm err by some units of the last place.
      let slack = { (y: Double) in (y + 1) * Double(x.count + 64) * .ulpOfOne }
      let least =
        low.isNaN
        ? 0 : low == .infinity ? .greatestFiniteMagnitude : max(0, low - slack(low))
      let greatest = high.isNaN || high == .infinity ? Double.infinity : high + slack(high)
      return Interval(min(least, greatest), greatest)
    }
  }

  /// ln(1 + Σ_{j≠i} exp(others_j − own_i)) for every i.
  private static func rests(_ others: [Double], against own: [Double]) -> [Double] {
    let reference = others.max() ?? 0
    let terms = others.map { Double.exp($0 - reference) }
    // Sums before and after each place, as the difference to the whole sum would cancel.
    var after = [Double](repeating: 0, count: terms.count + 1)
    for i in terms.indices.reversed() { after[i] = after[i + 1] + terms[i] }
    var before = 0.0
    return own.indices.map { i in
      let sum = before + after[i + 1]
      before += terms[i]
      let logarithm = Double.log(sum) + (reference - own[i])
      // ln(1 + eˡ), without overflow; where the reference is this element's, the others may
      // underflow against it, which the least normal number stands for.
      if sum == 0 { return terms.count == 1 ? 0 : tiny(others, own[i], i) }
      return Softplus().value(at: logarithm)
    }
  }

  private static func tiny(_ others: [Double], _ own: Double, _ index: Int) -> Double {
    let rest = others.indices.filter { $0 != index }.map { others[$0] }.max() ?? -.infinity
    return Softplus().value(at: Double.log(Double(others.count)) + (rest - own))
  }

  /// Moments for a lane of `length` independent normal elements of variance v.
  ///
  /// ln Σ exp has mean m + ln n + v/2 − (e^v − 1)/2n and variance (e^v − 1)/n to first order in
  /// 1/n, and the covariance v/n with each element by Stein's identity.
  static func moments(of x: Moments, length: Int) -> Moments {
    guard x.basis != .unknown else { return .unknown(x.note ?? "the logits are not known") }
    let (n, v) = (Double(length), x.variance)
    if x.law == .constant || length == 1 { return .constant(Double.log(n)) }
    let spread = Double.expMinusOne(min(v, 700)) / n
    guard spread < 0.5 else {
      return .unknown(
        "logits of variance \(v) spread too far for \(length) of them: no expansion holds")
    }
    let mean = Double.log(n) + v / 2 - spread / 2
    let variance = v + spread - 2 * v / n
    let second = mean * mean + variance
    return Moments(
      mean: mean, secondMoment: second, sampleCorrelation: mean * mean / second,
      positionCorrelation: mean * mean / second, basis: max(x.basis, .firstOrder))
  }

  /// Looks for a greatest element so far above the others that −ln p = ln(1 + n·exp(low − top))
  /// becomes 0.
  static func examine(
    _ search: inout HazardSearch, _ x: Members, others: Int, witness: (Double) -> [Tensor]
  ) {
    let format = search.format
    func surprise(_ top: Double) -> Double {
      Double.log(onePlus: Double(others) * Double.exp(x.low - top))
    }
    guard format.rounded(surprise(x.high)) == 0 else { return }
    let top = search.boundary(from: x.low, to: x.high) { format.rounded(surprise($0)) == 0 }
    guard surprise(top) != 0 else { return }
    search.add(
      .underflow,
      "An element \(top - x.low) above the others has -ln p = \(surprise(top)), which becomes 0 in"
        + " \(format.name).", witness: witness(top))
  }
}

extension Lanes {
  /// A tensor whose lanes begin with `first` and go on with `others`.
  func tensor(_ shape: Shape, first: Double, others: Double) -> Tensor {
    let result = Tensor(repeating: others, shape)
    let elements = result.elements(as: Double.self)
    for lane in 0..<count { elements[start(of: lane)] = first }
    return result
  }
}

extension Elements where T: Scalar {
  /// The greatest element of a lane; −∞ for none, and NaN is passed over.
  @inline(__always)
  func greatest(from start: Int, by stride: Int, count: Int) -> T {
    var greatest = -T.infinity
    for i in 0..<count { greatest = Swift.max(greatest, self[start + i * stride]) }
    return greatest
  }

  /// ln Σ exp of a lane as its greatest element and ln Σ exp(x − greatest), which is at least 0.
  ///
  /// The greatest element's own term is left out of the sum and enters by ln(1 + …), so that a
  /// rest far below the last place of 1 is kept.
  @inline(__always)
  func logSumExp(from start: Int, by stride: Int, count: Int) -> (greatest: T, rest: T) {
    let greatest = greatest(from: start, by: stride, count: count)
    var sum = 0.0
    var isSeen = false
    for i in 0..<count {
      let x = self[start + i * stride]
      if x == greatest && !isSeen && x.isFinite {
        isSeen = true
      } else {
        sum += Double(T.exp(x - greatest))
      }
    }
    return (greatest, T(Double.log(onePlus: sum)))
  }
}
