@_exported public import Findings
@_exported public import Networks
@_exported public import Numbers
@_exported public import Operators
@_exported public import Reports
@_exported public import Theory
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
