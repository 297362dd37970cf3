import Findings
import Numbers
import RealModule

/// Gradients that the number format turns into zeros.
///
/// A zero is laid to the format's charge when numbers of the size of the others would round to 0:
/// for x ~ N(0, s²) that has the probability erf(m/(2√2 s)), m the smallest subnormal number. A
/// gradient that is 0 throughout is measured by the nearest layer above that has one.
struct Underflow: Detector {
  private var persistence: [Persistence] = []
  private var shares: [Double] = []
  private var sizes: [Double] = []
  private var scale = 1.0

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard !record.layers.isEmpty, record.refusal == nil else { return }
    if persistence.count != record.layers.count {
      persistence = Array(repeating: Persistence(), count: record.layers.count)
      shares = Array(repeating: 0, count: record.layers.count)
      sizes = shares
    }
    scale = record.lossScale ?? 1
    let format = course.subject.format
    var above = 0.0
    for i in record.layers.indices.reversed() {
      guard let gradient = record.layers[i].gradient else { continue }
      // The root mean square of what is not 0, as the format sees it.
      let left = 1 - gradient.zeroShare
      let size =
        gradient.secondMoment > 0 && left > 0
        ? scale * (gradient.secondMoment / left).squareRoot() : above
      // A layer above may be up to its whole healthy band larger.
      let source =
        gradient.secondMoment > 0 ? size : size * course.thresholds.healthy.lowerBound.squareRoot()
      let explained = source > 0 ? format.losses(ofNormalWith: source).zero : 0
      shares[i] = gradient.zeroShare
      sizes[i] = size
      persistence[i].note(
        gradient.zeroShare > course.thresholds.underflowShare
          && 4 * explained > gradient.zeroShare, at: record.step,
        window: course.thresholds.persistence)
      above = size
    }
  }

  func judgement(in course: Course) -> Judgement? {
    guard let first = persistence.firstIndex(where: { $0.isActive }) else { return nil }
    let severity =
      course.progress.hasLearned ? Severity.note : course.severity(ofCause: true)
    return Judgement(severity: severity, since: persistence[first].since)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let active = persistence.indices.filter { persistence[$0].isActive }
    let worst = active.max { shares[$0] < shares[$1] } ?? 0
    let format = course.subject.format
    let limit = course.thresholds.underflowShare
    return Finding(
      .underflow, severity, layer: course.layers[worst],
      message: "Since step \(persistence[worst].since) \(Numerals.percent(shares[worst])) of the "
        + "gradient at \(course.layers[worst]) is lost to 0 in \(format.name).",
      because: "\(active.count) of \(persistence.count) layers lose more than "
        + "\(Numerals.percent(limit)). The root mean square of what is left is "
        + "\(Numerals.short(sizes[worst])), times a loss scale of \(Numerals.short(scale)) included; "
        + "\(format.name) rounds to 0 what is below \(Numerals.short(format.zeroThreshold))."
        + course.effect,
      evidence: [
        Evidence("zero_share", shares[worst]), Evidence("limit", limit),
        Evidence("root_mean_square", sizes[worst]), Evidence("loss_scale", scale),
        Evidence("zero_threshold", format.zeroThreshold),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
