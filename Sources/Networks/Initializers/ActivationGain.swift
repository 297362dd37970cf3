import Numbers

extension Gain {
  /// 1/√E[φ(z)²] forward, 1/√E[φ′(z)²] backward, for z ~ N(0, 1).
  static func gain(of function: any ScalarFunction, _ direction: Direction) -> Double {
    let ladder = GaussianLadder(standardDeviation: 1, for: function)
    let second =
      switch direction {
      case .forward: ladder.average { function.value(at: $0) * function.value(at: $0) }
      case .backward: ladder.average { function.slope(at: $0) * function.slope(at: $0) }
      }
    return 1 / second.squareRoot()
  }
}
