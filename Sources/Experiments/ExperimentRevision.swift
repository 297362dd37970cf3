import Findings
import Networks

extension Experiment {
  /// The text of an experiment's file, changed so that it reads as another experiment.
  ///
  /// Comments, order and spelling of what is not changed stay as they are.
  ///
  /// - Parameters:
  ///   - text: what this experiment was read from.
  ///   - other: what it is to be read as.
  /// - Returns: a text that reads as `other`.
  public func revised(_ text: String, to other: Experiment) -> String {
    guard let own = try? YAMLTree(text: text) else { return other.yaml }
    let wanted = other.yaml
    func reads(_ result: String) -> Bool { (try? Experiment(yaml: result))?.yaml == wanted }
    let first = YAMLRevision.text(
      text, readingAs: own.carrying(changesFrom: tree, to: other.tree))
    if reads(first) { return first }
    // Something stands in other words than the program's own, which would contradict the change: the
    // sections that changed are written anew.
    let sections = (own.entries ?? []).map { entry -> YAMLTree.Entry in
      guard let new = other.tree[entry.key], tree[entry.key] != new else { return entry }
      return YAMLTree.Entry(entry.key, new)
    }
    let second = YAMLRevision.text(text, readingAs: .map(sections))
    return reads(second) ? second : wanted
  }
}
