import Findings
import Numbers

/// Steps that were refused because something was not finite.
///
/// Dynamic loss scaling tries scales until one overflows, so that some refused gradients are its
/// normal work. Everything else would have destroyed the weights.
struct Refusals: Detector {
  private var first: StepRecord.Refusal?
  private var firstStep = 0
  private var latest: StepRecord.Refusal?
  private var latestStep = 0
  private var count = 0
  private var scaled = 0
  /// Refusals without a step between.
  private var run = 0
  private var clean = 0
  private var records = 0
  private var scale: Double?
  /// The share of steps that scaling refused, with a memory of a hundred.
  private var share = 0.0

  private static let memory = 100.0
  /// Halving ten times leaves no scale that a network could need.
  private static let longestRun = 10

  mutating func observe(_ record: StepRecord, in course: Course) {
    records += 1
    scale = record.lossScale
    guard let refusal = record.refusal else {
      share -= share / Self.memory
      run = 0
      clean += 1
      return
    }
    let isScaling =
      record.lossScale != nil
      && (refusal.place == .gradient || refusal.place == .cotangent || refusal.place == .update)
    share += (1 - share) / Self.memory
    count += 1
    run += 1
    if isScaling { scaled += 1 }
    if first == nil || (count == scaled + 1 && !isScaling) {
      first = refusal
      firstStep = record.step
    }
    clean = 0
    latest = refusal
    latestStep = record.step
  }

  func judgement(in course: Course) -> Judgement? {
    guard first != nil else { return nil }
    if run >= Self.longestRun { return Judgement(severity: .error, since: firstStep) }
    if count > scaled {
      // Over once the run has gone on for long, and to good purpose.
      let isOver = clean >= course.thresholds.minimumSteps && course.progress.hasLearned
      return isOver ? nil : Judgement(severity: .error, since: firstStep)
    }
    let isOften = Double(records) >= Self.memory && share > course.thresholds.refusalShare
    let isLast = course.isOver && run > 1 && course.isFailing
    return Judgement(severity: isLast ? .error : isOften ? .warning : .note, since: firstStep)
  }

  private func name(of refusal: StepRecord.Refusal) -> String {
    refusal.place == .loss ? "the loss" : "the \(refusal.place.rawValue) of \(refusal.tensor)"
  }

  /// `3 NaN and 62 infinities`, and of these what there is.
  private static func words(_ place: StepRecord.Refusal) -> String {
    let (nan, infinite) = (place.nanCount, place.infinityCount)
    let parts = [
      nan > 0 ? "\(Numerals.count(nan)) NaN" : nil,
      infinite > 0
        ? "\(Numerals.count(infinite)) \(infinite == 1 ? "infinity" : "infinities")" : nil,
    ].compactMap(\.self)
    return parts.isEmpty ? "numbers that are not finite" : parts.joined(separator: " and ")
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let place =
      first
      ?? StepRecord.Refusal(place: .loss, tensor: "loss", nanCount: 0, infinityCount: 0)
    let isOverflow = place.infinityCount > 0 && place.nanCount == 0
    let format = course.subject.format
    let times = count == 1 ? "The step was" : "\(Numerals.count(count)) steps were"
    let because =
      count == scaled
      ? "Loss scaling multiplies gradients by \(Numerals.short(scale ?? 1)) and lowers that after "
        + "each refusal; \(Numerals.percent(share)) of late steps were refused."
      : isOverflow
        ? "\(format.name) ends at \(Numerals.short(format.greatest)); the update would have reached "
          + "the weights."
        : "A NaN reaches every weight by one update."
    return Finding(
      isOverflow ? .overflow : .nonFinite, severity, layer: place.tensor,
      message: "In step \(Numerals.count(firstStep)), \(name(of: place)) has \(Self.words(place)). "
        + "\(times) refused"
        + (count == 1 ? "." : ", the last one step \(Numerals.count(latestStep))."),
      because: because,
      evidence: [
        Evidence("refused_steps", Double(count)), Evidence("nan", Double(place.nanCount)),
        Evidence("infinities", Double(place.infinityCount)), Evidence("refused_share", share),
        Evidence("refusal_limit", course.thresholds.refusalShare),
        Evidence("longest_run", Double(Self.longestRun)),
        Evidence("format_greatest", format.greatest),
      ])
  }
}
