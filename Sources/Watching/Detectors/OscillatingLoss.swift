import Findings

/// A loss that swings up and down from step to step, with an amplitude that does not shrink.
///
/// Gradient descent on a curvature λ multiplies the distance from the minimum by 1 − ηλ: it
/// alternates when ηλ > 1 and grows when ηλ > 2. Noise of batches does not alternate: its
/// correlation from step to step is about 0, and that of n losses is uncertain by 1/√n.
struct OscillatingLoss: Detector {
  private static let length = 64
  private static let stride = 16
  /// Windows in a row that must agree.
  private static let windows = 3

  private var losses = [Double](repeating: 0, count: length)
  private var count = 0
  private var agreeing = 0
  private var since = 0
  private var correlation = 0.0
  private var period = 2
  private var amplitude = 0.0

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard record.loss.isFinite else { return }
    losses[count % Self.length] = record.loss
    count += 1
    guard count >= Self.length, count % Self.stride == 0 else { return }
    measure()
    let thresholds = course.thresholds
    if correlation < thresholds.oscillationCorrelation,
      amplitude > thresholds.oscillationAmplitude
    {
      if agreeing == 0 { since = record.step - Self.length + 1 }
      agreeing += 1
    } else {
      agreeing = 0
    }
  }

  /// The correlations at lags 1 and 2 about a straight line, and the amplitude beside the mean.
  private mutating func measure() {
    let n = Self.length
    let middle = Double(n - 1) / 2
    var (sum, moment) = (0.0, 0.0)
    for i in 0..<n {
      let value = losses[(count + i) % n]
      sum += value
      moment += (Double(i) - middle) * value
    }
    let mean = sum / Double(n)
    let slope = moment / (Double(n) * Double(n * n - 1) / 12)
    var (square, one, two, last, before) = (0.0, 0.0, 0.0, 0.0, 0.0)
    var (early, late) = (0.0, 0.0)
    for i in 0..<n {
      let residual = losses[(count + i) % n] - mean - slope * (Double(i) - middle)
      square += residual * residual
      if 2 * i < n { early += residual * residual } else { late += residual * residual }
      if i > 0 { one += residual * last }
      if i > 1 { two += residual * before }
      (before, last) = (last, residual)
    }
    guard square > 0, mean != 0 else {
      (correlation, amplitude) = (0, 0)
      return
    }
    // A period of two alternates at lag 1; one of four at lag 2.
    correlation = min(one, two) / square
    period = one <= two ? 2 : 4
    // An amplitude that falls by half within the window dies out.
    amplitude = late < early / 4 ? 0 : (square / Double(n)).squareRoot() / abs(mean)
  }

  func judgement(in course: Course) -> Judgement? {
    guard agreeing >= Self.windows else { return nil }
    return Judgement(severity: course.severity(ofCause: true), since: since)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    Finding(
      .oscillatingLoss, severity, layer: nil,
      message:
        "Since step \(Numerals.count(since)), the loss swings with a period of about \(period) steps, by "
        + "\(Numerals.percent(amplitude)) of its size.",
      because:
        "Losses \(period / 2) apart have a correlation of \(Numerals.short(correlation)), which "
        + "noise of batches has not, and the swings do not die out: steps overshoot the minimum."
        + course.effect,
      evidence: [
        Evidence("correlation", correlation),
        Evidence("correlation_limit", course.thresholds.oscillationCorrelation),
        Evidence("amplitude", amplitude),
        Evidence("amplitude_limit", course.thresholds.oscillationAmplitude),
        Evidence("period", Double(period)), Evidence("window", Double(Self.length)),
      ])
  }
}
