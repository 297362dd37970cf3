/// A finding of a run, with its time.
public struct WatchedFinding: Hashable, Sendable {
  public var finding: Finding
  /// The step at which what it tells of began.
  public var since: Int
  /// The step at which it was told.
  public var told: Int
  /// The step at which it no longer held; nil while it holds.
  public var ended: Int?

  public init(_ finding: Finding, since: Int, told: Int, ended: Int? = nil) {
    self.finding = finding
    self.since = since
    self.told = told
    self.ended = ended
  }
}

extension WatchedFinding: JSONRepresentable {
  public var json: JSON {
    guard case .object(let members) = finding.json else { return finding.json }
    let times: [JSON.Member] = [
      .init("since", .integer(since)), .init("told", .integer(told)),
      .init("ended", ended.map { .integer($0) } ?? .null),
    ]
    return .object(members + times)
  }
}
