public import Findings

/// What a watch tells at the moment it knows it.
public enum WatchEvent: Hashable, Sendable {
  case began(WatchedFinding)
  /// It became more severe.
  case worsened(WatchedFinding)
  case ended(WatchedFinding)
}
