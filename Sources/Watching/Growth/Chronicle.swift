public import Findings

/// A window of records, read for what grew first.
public struct Chronicle: Sendable {
  private let records: [StepRecord]
  private let thresholds: WatchThresholds

  /// The records of a window in the order of their steps; what ended the run may be the last.
  public init(_ records: [StepRecord], thresholds: WatchThresholds = WatchThresholds()) {
    self.records = records
    self.thresholds = thresholds
  }

  /// What grew up to the end of the window, the earliest first.
  ///
  /// Tensors with elements that are not finite end their series; refused steps without statistics
  /// are passed over. Two origins within a step or two of each other are not told apart by noise.
  public func origins() -> [GrowthOrigin] {
    var bank = GrowthBank(thresholds: thresholds, priorSpread: 0.1)
    for record in records { _ = bank.observe(record) }
    return bank.origins()
  }
}
