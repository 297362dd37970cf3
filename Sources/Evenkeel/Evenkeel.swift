@_exported public import Diagnoses
@_exported public import Experiments
@_exported public import Findings
@_exported public import Networks
@_exported public import Numbers
@_exported public import Operators
@_exported public import Repairs
@_exported public import Reports
@_exported public import Samples
@_exported public import Theory
@_exported public import Training
@_exported public import Trials
@_exported public import Watching
@_exported public import Workflows

extension NetworkDescription {
  /// Checks the network: predicted and measured second moments of every layer, findings, verdict.
  ///
  /// - Parameters:
  ///   - batch: samples of standard normal input.
  ///   - seed: of every random draw; the same seed gives the same numbers.
  /// - Returns: what `evenkeel check` reports.
  /// - Throws: ``InputError`` where layers do not fit each other.
  public func check(batch: Int = 256, seed: UInt64 = 0) throws -> CheckReport {
    var request = CheckRequest(self)
    request.batch = batch
    request.seed = seed
    return try CheckWorkflow(request).run().report
  }
}

extension Experiment {
  /// Finds out why the training fails, if it does: what `evenkeel diagnose` reports.
  ///
  /// - Parameter seconds: after which no more changes are tried.
  /// - Returns: the report; a healthy training has no root cause.
  /// - Throws: ``InputError`` where network, data and settings do not fit each other.
  public func diagnosis(seconds: Double = 120) throws -> DiagnosisReport {
    try DiagnosisRun(
      self, name: path ?? "experiment", samples: samples(keepsNonFinite: true),
      budget: .seconds(seconds)
    ).run()
  }

  /// Searches the smallest change that makes the training healthy, and proves it.
  ///
  /// - Parameter seconds: that the search may take.
  /// - Returns: the repaired experiment, or this one where none was found, with the report.
  /// - Throws: ``InputError`` where network, data and settings do not fit each other.
  public func repaired(seconds: Double = 120) throws -> RepairSearch.Repair {
    try RepairSearch(
      self, samples: samples(keepsNonFinite: true), budget: .init(time: .seconds(seconds))
    ).run(called: path ?? "experiment", comparesWithRandom: false)
  }
}
