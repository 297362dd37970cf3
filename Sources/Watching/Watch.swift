public import Findings

/// Judges a training run as it goes, from the records of its steps.
///
/// A record costs time in proportion to layers and parameters, and no memory is taken while nothing
/// is found. Nothing is random: the same records give the same findings. Errors are told only when
/// a cause is strong and the loss shows its effect, or when what would have destroyed the weights
/// was refused.
public struct Watch: Sendable {
  private var course: Course
  private var detectors: [any Detector]
  /// What each detector has told and not taken back, by its place.
  private var open: [WatchedFinding?]
  /// Records since which a detector judges more mildly than it has told.
  private var milder: [Int]
  /// Records for which it must, before what was told is taken down.
  private static let patience = 64
  /// What each detector told last and has taken back, with the number of times.
  private var closed: [(told: WatchedFinding, times: Int)?]

  public init(
    _ subject: WatchSubject = WatchSubject(), thresholds: WatchThresholds = WatchThresholds()
  ) {
    course = Course(thresholds: thresholds, subject: subject)
    detectors = Self.detectors(thresholds)
    open = Array(repeating: nil, count: detectors.count)
    milder = Array(repeating: 0, count: detectors.count)
    closed = Array(repeating: nil, count: detectors.count)
  }

  private static func detectors(_ thresholds: WatchThresholds) -> [any Detector] {
    [
      Refusals(), Headroom(), DivergenceOnset(thresholds: thresholds),
      LayerTrend(.gradient, .exploding), LayerTrend(.gradient, .vanishing),
      LayerTrend(.activation, .exploding), LayerTrend(.activation, .vanishing), DeadUnits(),
      SaturatedUnits(), Underflow(), LostUpdates(), LearningRateTooLarge(),
      LearningRateTooSmall(), LossNotDecreasing(), OscillatingLoss(),
    ]
  }

  /// Takes in the record of the next step; tells what began, worsened or ended with it.
  ///
  /// A record without layers and parameters is one that was not watched: it counts for the loss.
  public mutating func observe(_ record: StepRecord) -> [WatchEvent] {
    if course.observe(record), course.records > 1 {
      // Another network: what was known of the layers is of no use.
      detectors = Self.detectors(course.thresholds)
    }
    for i in detectors.indices { detectors[i].observe(record, in: course) }
    return judge()
  }

  /// Judges the run as a whole, when no more records come, and lists all that was found.
  public mutating func finish() -> [WatchedFinding] {
    course.isOver = true
    _ = judge()
    return findings
  }

  /// All that was found so far: what holds, then what has ended, the most severe first.
  ///
  /// What has ended is no error any more.
  public var findings: [WatchedFinding] {
    var all: [WatchedFinding] = []
    for i in detectors.indices {
      guard var told = open[i] else { continue }
      // The latest numbers rather than those of the moment when it was told.
      told.finding = detectors[i].finding(told.finding.severity, in: course)
      all.append(told)
    }
    all.sort { ($0.finding.severity, -$0.since) > ($1.finding.severity, -$1.since) }
    return all
      + closed.indices.filter { open[$0] == nil }.compactMap { closed[$0].map(Self.lowered) }
  }

  /// What grows at present, the earliest onset first; empty while nothing does.
  public var origins: [GrowthOrigin] {
    detectors.compactMap { ($0 as? DivergenceOnset)?.origins }.first ?? []
  }

  /// Failing with an error that holds, warning with a warning, healthy otherwise.
  public var verdict: Verdict {
    switch findings.filter({ $0.ended == nil }).map(\.finding.severity).max() {
    case .error: .failing
    case .warning: .warning
    case .note, nil: .healthy
    }
  }

  /// What has ended, as a warning at most, and with the number of times that it came and went.
  private static func lowered(_ ended: (told: WatchedFinding, times: Int)) -> WatchedFinding {
    var told = ended.told
    let finding = told.finding
    told.finding = Finding(
      finding.rule, min(finding.severity, .warning), layer: finding.layer,
      message: finding.message, because: finding.because,
      evidence: finding.evidence + [Evidence("times", Double(ended.times))],
      remedies: finding.remedies)
    return told
  }

  private mutating func judge() -> [WatchEvent] {
    var events: [WatchEvent] = []
    for i in detectors.indices {
      let judgement = detectors[i].judgement(in: course)
      switch (open[i], judgement) {
      case (nil, nil): continue
      case (nil, let new?):
        let told = WatchedFinding(
          detectors[i].finding(new.severity, in: course), since: new.since, told: course.step)
        open[i] = told
        events.append(.began(told))
      case (var told?, nil):
        told.ended = course.step
        open[i] = nil
        let worse = closed[i].flatMap {
          $0.told.finding.severity > told.finding.severity ? $0 : nil
        }
        closed[i] = (worse?.told ?? told, (closed[i]?.times ?? 0) + 1)
        events.append(.ended(told))
      case (var told?, let new?):
        let before = told.finding.severity
        milder[i] = new.severity < before ? milder[i] + 1 : 0
        let isDue = new.severity > before || course.isOver || milder[i] > Self.patience
        guard new.severity != before, isDue else { continue }
        told.finding = detectors[i].finding(new.severity, in: course)
        open[i] = told
        if new.severity > before { events.append(.worsened(told)) }
      }
    }
    return events
  }
}
