public import Findings

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

/// What a watch tells at the moment it knows it.
public enum WatchEvent: Hashable, Sendable {
  case began(WatchedFinding)
  /// It became more severe.
  case worsened(WatchedFinding)
  case ended(WatchedFinding)
}
