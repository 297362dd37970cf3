import Findings

/// Layers that are 0 nearly everywhere, and parameters whose gradient is exactly 0 although the loss
/// still has one.
struct DeadUnits: Detector {
  private var silence: [Persistence] = []
  private var stillness: [Persistence] = []
  private var shares: [Double] = []

  mutating func observe(_ record: StepRecord, in course: Course) {
    if silence.count != record.layers.count, !record.layers.isEmpty {
      silence = Array(repeating: Persistence(), count: record.layers.count)
      shares = Array(repeating: 0, count: record.layers.count)
    }
    if stillness.count != record.parameters.count, !record.parameters.isEmpty {
      stillness = Array(repeating: Persistence(), count: record.parameters.count)
    }
    let (window, limit) = (course.thresholds.persistence, limit(in: course))
    for i in record.layers.indices {
      let share = record.layers[i].activation.zeroShare
      shares[i] = share
      silence[i].note(share > limit || share == 1, at: record.step, window: window)
    }
    // A loss without a gradient, as at its minimum, kills nothing.
    let top = record.layers.last(where: { $0.gradient != nil })?.gradient
    guard record.refusal == nil, (top?.secondMoment ?? record.gradientNorm) > 0 else { return }
    for i in record.parameters.indices {
      let gradient = record.parameters[i].gradient
      stillness[i].note(
        gradient.secondMoment == 0 && gradient.nonFiniteCount == 0, at: record.step,
        window: window)
    }
  }

  /// Chance turns off half of a narrow layer's units, give or take three standard deviations.
  private func limit(in course: Course) -> Double {
    guard let width = course.subject.width else { return course.thresholds.deadShare }
    return min(1, max(course.thresholds.deadShare, 0.5 + 1.5 / Double(max(1, width)).squareRoot()))
  }

  /// The first layer all of whose outputs are 0.
  private var deadLayer: Int? {
    silence.indices.first { silence[$0].isActive && shares[$0] == 1 }
  }

  private var quietLayer: Int? { silence.firstIndex { $0.isActive } }
  private var stillParameter: Int? { stillness.firstIndex { $0.isActive } }

  func judgement(in course: Course) -> Judgement? {
    if let layer = deadLayer {
      // What has learned before it died stays an error too: nothing can wake the layer.
      let isError = stillParameter != nil || course.isFailing
      return Judgement(severity: isError ? .error : .warning, since: silence[layer].since)
    }
    if let layer = quietLayer {
      return Judgement(severity: course.severity(ofCause: true), since: silence[layer].since)
    }
    if let parameter = stillParameter {
      return Judgement(severity: course.severity(ofCause: true), since: stillness[parameter].since)
    }
    return nil
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let limit = limit(in: course)
    let still = stillness.count { $0.isActive }
    guard let layer = deadLayer ?? quietLayer else {
      let parameter = course.parameters[stillParameter ?? 0]
      return Finding(
        .deadUnits, severity, layer: parameter,
        message:
          "Since step \(Numerals.count(stillness[stillParameter ?? 0].since)), the gradient of \(parameter) is "
          + "exactly 0.",
        because:
          "So are those of \(still) of \(stillness.count) parameters, although the loss has a "
          + "gradient: no path that is not 0 leads there." + course.effect,
        evidence: [
          Evidence("parameters_without_gradient", Double(still)),
          Evidence("persistence", Double(course.thresholds.persistence)),
        ])
    }
    let count = silence.count { $0.isActive }
    let consequence =
      deadLayer == nil
      ? ""
      : " Nothing passes it in either direction, and \(still) of \(stillness.count) parameters "
        + "have a gradient of exactly 0."
    return Finding(
      .deadUnits, severity, layer: course.layers[layer],
      message:
        "Since step \(Numerals.count(silence[layer].since)), \(Numerals.percent(shares[layer])) of the outputs of "
        + "\(course.layers[layer]) are 0.",
      because:
        "\(count) of \(silence.count) layers \(count == 1 ? "has" : "have") "
        + (limit < 1 ? "more than \(Numerals.percent(limit)) zeros." : "nothing but zeros.")
        + consequence + course.effect,
      evidence: [
        Evidence("zero_share", shares[layer]), Evidence("limit", limit),
        Evidence("layers", Double(count)), Evidence("parameters_without_gradient", Double(still)),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
