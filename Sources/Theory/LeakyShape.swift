import Numbers
import RealModule

/// A leaky relu shaped for a chain of layers: its slope for negative x, shift and scale.
struct LeakyShape {
  let negativeSlope: Double
  let gamma: Double
  let delta: Double
  let residual: Double

  var shape: Shape { Shape(alpha: 1, beta: 0, gamma: gamma, delta: delta, residual: residual) }

  /// ζ^{1/L} − 1, without cancellation for deep chains.
  static func localSlopeExcess(zeta: Double, depth: Int) -> Double {
    Double.expMinusOne(Double.log(zeta) / Double(depth))
  }

  /// Deep kernel shaping: unit variance and mean 0 with C′(1) = ψ, in closed form.
  init(localSlope psi: Double, depth: Int) throws(TheoryError) {
    // E[φ′²]/Var[φ] falls from π/(π − 1) at slope 0 to 1 at slope 1.
    guard psi <= .pi / (.pi - 1) else {
      throw TheoryError(
        .unreachable,
        "each of \(depth) layers would need the slope \(psi), and a leaky relu has at most "
          + "pi/(pi - 1) = 1.4669; use a deeper chain or a smaller zeta")
    }
    // (1−a)²/(1+a²) = r, and so (1−a)/(1+a) = √(r/(2−r)), which keeps its digits as r goes to 0.
    let r = .pi * (psi - 1) / psi
    let ratio = (r / (2 - r)).squareRoot()
    let a = max(0, (1 - ratio) / (1 + ratio))
    negativeSlope = a
    delta = -(1 - a) / (2 * Double.pi).squareRoot()
    let variance = (1 + a * a) / 2 - delta * delta
    gamma = 1 / variance.squareRoot()
    residual = abs((1 + a * a) / 2 / variance - psi)
  }

  /// Tailored transformation: the chain maps the correlation 0 to `eta`.
  init(correlation eta: Double, depth: Int) throws(TheoryError) {
    let excess = { (a: Double) in Self.chainCorrelation(slope: a, depth: depth) - eta }
    guard excess(0) >= 0 else {
      throw TheoryError(
        .unreachable,
        "even relu takes the correlation 0 only to \(excess(0) + eta) in \(depth) layers; "
          + "use a deeper chain or an eta below that")
    }
    negativeSlope = RootFinding.root(between: 0, and: 1, of: excess)
    delta = 0
    gamma = (2 / (1 + negativeSlope * negativeSlope)).squareRoot()
    residual = abs(excess(negativeSlope))
  }

  /// C_f(0): the leaky relu's correlation map at unit length, applied `depth` times to 0.
  static func chainCorrelation(slope a: Double, depth: Int) -> Double {
    var c = 0.0
    for _ in 0..<depth {
      let angle = (1 - c * c).squareRoot() + c * (.pi - Double.acos(c))
      c = min(1, ((1 - a) * (1 - a) * angle / .pi + 2 * a * c) / (1 + a * a))
    }
    return c
  }
}
