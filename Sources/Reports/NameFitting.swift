extension [String] {
  /// The names padded, or cut to `width` characters so that those that differ still do.
  ///
  /// Names of modules differ at their ends, so that they are cut from the left; where that makes two the
  /// same, in the middle, with as much of the beginning as it takes.
  func fitted(_ width: Int) -> [String] {
    var shown: [String: Set<String>] = [:]
    for name in self { shown[name.cut(width, head: 0), default: []].insert(name) }
    return map { name in
      let cut = name.cut(width, head: 0)
      guard let rivals = shown[cut], rivals.count > 1 else { return cut }
      let best = (1..<Swift.max(2, width - 1)).first { head in
        Set(rivals.map { $0.cut(width, head: head) }).count == rivals.count
      }
      return name.cut(width, head: best ?? width / 2)
    }
  }
}

extension String {
  /// Padded, or with a mark in place of what is left out after the first `head` characters.
  fileprivate func cut(_ width: Int, head: Int) -> String {
    guard count > width else { return fitted(width) }
    return String(prefix(head)) + "…" + String(suffix(width - 1 - head))
  }
}
