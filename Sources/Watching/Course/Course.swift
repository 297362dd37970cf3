import Findings
import RealModule

/// What all detectors ask about a run.
struct Course: Sendable {
  let thresholds: WatchThresholds
  let subject: WatchSubject
  private(set) var losses = LossHistory()
  private(set) var progress = Progress()
  private(set) var updates = UpdateScale()
  /// The step of the last record.
  private(set) var step = 0
  /// Records so far.
  private(set) var records = 0
  private(set) var learningRate = 0.0
  private(set) var layers: [String] = []
  private(set) var parameters: [String] = []
  /// Whether no more records come.
  var isOver = false

  init(thresholds: WatchThresholds, subject: WatchSubject) {
    self.thresholds = thresholds
    self.subject = subject
  }

  /// Takes in one record; tells whether its layers or parameters are others than before.
  mutating func observe(_ record: StepRecord) -> Bool {
    let isNew = remember(record)
    step = record.step
    records += 1
    learningRate = record.learningRate
    progress.observe(
      record.loss, at: record.step, history: &losses, thresholds: thresholds, subject: subject)
    updates.observe(record, isNew: isNew)
    return isNew
  }

  /// Keeps the names; a record without layers or parameters was not watched and changes nothing.
  private mutating func remember(_ record: StepRecord) -> Bool {
    var isNew = false
    if !record.layers.isEmpty, !isSame(layers, record.layers, \.name) {
      layers = record.layers.map(\.name)
      isNew = true
    }
    if !record.parameters.isEmpty, !isSame(parameters, record.parameters, \.name) {
      parameters = record.parameters.map(\.name)
      isNew = true
    }
    return isNew
  }

  private func isSame<Health>(
    _ names: [String], _ health: [Health], _ name: KeyPath<Health, String>
  ) -> Bool {
    guard names.count == health.count else { return false }
    for i in names.indices where names[i] != health[i][keyPath: name] { return false }
    return true
  }

  /// Steps after which an open run has had its time: plateaus of deep networks last for hundreds.
  private static let patience = 1000

  /// Whether the run has had its time: three quarters of the steps that were planned.
  private var hasHadTime: Bool {
    isOver || 4 * losses.count >= 3 * (subject.plannedSteps ?? Self.patience)
  }

  /// Whether it has had half of its steps.
  var hasHadHalfItsTime: Bool {
    isOver || 2 * losses.count >= (subject.plannedSteps ?? Self.patience)
  }

  /// Whether the loss neither lies below where it began nor falls, although it has had its time.
  ///
  /// Noise can hide a fall, and what may be one is no failure.
  var isStuck: Bool {
    progress.isKnown && hasHadTime && !progress.hasLearned && !progress.isFalling
      && !progress.mayHaveLearned
  }

  /// Whether the loss has come to rest above half of where it began, with no baseline to judge that
  /// by: enough to believe in a strong cause, not enough to call it a failure by itself.
  private var isStalled: Bool {
    subject.baselineLoss == nil && progress.isKnown && hasHadTime && !progress.isFalling
      && progress.latest > progress.reference / 2
  }

  /// Whether the loss is beyond where it began and not on the way back.
  var hasDiverged: Bool { progress.hasDiverged && (isOver || !progress.isFalling) }

  /// Whether the run ends far above the loss of a constant prediction, falling or not.
  private var isFarFromDone: Bool {
    guard isOver, progress.isKnown, let baseline = subject.baselineLoss else { return false }
    return baseline > 0 && progress.latest > thresholds.divergenceFactor * baseline
  }

  /// Whether the run fails, by what the loss says.
  var isFailing: Bool { isStuck || hasDiverged || isStalled || isFarFromDone }

  /// How severe a cause is: an error only when it is strong and the loss shows its effect, and no
  /// more than a note while the network learns in spite of it.
  func severity(ofCause isStrong: Bool) -> Severity {
    if isFailing { return isStrong ? .error : .warning }
    return progress.hasLearned ? .note : .warning
  }

  /// The end of a sentence: what the loss does.
  var effect: String {
    if progress.hasDiverged {
      return " The loss has grown beyond \(Numerals.short(thresholds.divergenceFactor)) times "
        + "\(Numerals.short(progress.origin)), where it began."
    }
    if isFarFromDone {
      return
        " The loss ends at \(Numerals.short(progress.latest)); that of a constant prediction is "
        + "\(Numerals.short(subject.baselineLoss ?? progress.reference))."
    }
    return isStuck
      ? " The loss stays at \(Numerals.short(progress.level)); it was "
        + "\(Numerals.short(progress.reference)) before anything was learned."
      : ""
  }
}
