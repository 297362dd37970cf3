/// By what a gradient is judged: what training feels of it.
///
/// E[g²] alone changes where nothing is felt. A norm divides what it is given by its size σ, and the
/// gradient that goes back by σ as well: E[g²] E[h²], the answer to a relative change of the
/// activation, stays. A mean over T places divides the gradient of each by T, while a weight that all of
/// them share gets the sum. A gradient explodes, or vanishes, where all three say so.
struct GradientMeasures {
  /// E[g²], in units of that where gradients start.
  let raw: Double?
  /// E[g²] E[h²]: what no change of the activation's scale changes.
  let scaleFree: Double?
  /// The answer to relative changes of the layer's weights.
  let felt: Double?
  private let range: ClosedRange<Double>

  init(_ layer: LayerState, _ diagnosis: Diagnosis) {
    let raw = layer.gradient.bestSecondMoment.map { $0 / diagnosis.gradientScale }
    self.raw = raw
    scaleFree = layer.activation.bestSecondMoment.flatMap { size in raw.map { $0 * size } }
    felt = layer.felt.map { $0 / diagnosis.gradientScale }
    range = diagnosis.thresholds.healthy
  }

  /// Whether E[g²] leaves the healthy range.
  func isOutside(rises: Bool) -> Bool {
    raw.map { rises ? $0 > range.upperBound : $0 < range.lowerBound } ?? false
  }

  /// Whether another measure lies inside the range.
  func isExcused(rises: Bool) -> Bool {
    isInside(scaleFree, rises) || isInside(felt, rises)
  }

  /// Whether it is the scale of the activation alone that takes E[g²] out of the range.
  func isOfScale(rises: Bool) -> Bool { isOutside(rises: rises) && isInside(scaleFree, rises) }

  private func isInside(_ value: Double?, _ rises: Bool) -> Bool {
    guard let value, value.isFinite else { return false }
    return rises ? value < range.upperBound : value > range.lowerBound
  }
}
