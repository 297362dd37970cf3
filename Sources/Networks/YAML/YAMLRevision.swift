import Yams

/// Changes a YAML text so that it reads as another tree, and leaves everything else as it stands:
/// comments, order, spelling and spacing of what is not changed.
public struct YAMLRevision {
  private var lines: [[Unicode.Scalar]]
  private var edits: [Edit] = []

  /// A change of lines, counted from 0.
  private enum Edit {
    /// Puts a text in the place of what stands from a column of one line to before a column of another.
    case replace(line: Int, column: Int, endLine: Int, endColumn: Int, String)
    case delete(ClosedRange<Int>)
    /// Puts lines behind a line; −1 for the start.
    case insert(after: Int, [String])

    var line: Int {
      switch self {
      case .replace(let line, _, _, _, _): line
      case .delete(let range): range.lowerBound
      case .insert(let line, _): line
      }
    }
  }

  /// Something that is written in a way that cannot be changed in part.
  private struct Unfit: Error {}

  /// The text changed.
  ///
  /// - Parameters:
  ///   - text: of one document.
  ///   - tree: what it is to be read as.
  /// - Returns: the changed text; where that cannot be had by changing parts, the tree written anew.
  public static func text(_ text: String, readingAs tree: YAMLTree) -> String {
    guard let node = try? Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot(),
      let old = try? YAMLTree(text: text)
    else { return tree.yaml }
    var revision = YAMLRevision(
      lines: text.split(separator: "\n", omittingEmptySubsequences: false).map {
        Array($0.unicodeScalars)
      })
    do {
      try revision.revise(node, old, tree, end: revision.lines.count)
    } catch {
      return tree.yaml
    }
    let result = revision.applied
    return (try? YAMLTree(text: result)) == tree ? result : tree.yaml
  }

  // MARK: - Walking

  /// Changes what a node says; its lines end before `end`.
  private mutating func revise(
    _ node: Node, _ old: YAMLTree, _ new: YAMLTree, end: Int
  ) throws(Unfit) {
    guard old != new else { return }
    switch (node, old.content, new.content) {
    case (.mapping(let mapping), .mapping(let before), .mapping(let after))
    where !isInBrackets(node) && !before.isEmpty && !after.isEmpty:
      try reviseMapping(mapping, before, after, end)
    case (.sequence(let sequence), .sequence(let before), .sequence(let after))
    where !isInBrackets(node) && !before.isEmpty && !after.isEmpty:
      try reviseSequence(sequence, before, after, end)
    default: throw Unfit()
    }
  }

  private mutating func reviseMapping(
    _ mapping: Node.Mapping, _ before: [YAMLTree.Entry], _ after: [YAMLTree.Entry], _ end: Int
  ) throws(Unfit) {
    let pairs = Array(mapping)
    guard pairs.count == before.count else { throw Unfit() }
    var marks: [(line: Int, column: Int)] = []
    for pair in pairs { marks.append(try place(of: pair.key)) }
    let indent = marks[0].column
    var last = marks[0].line
    for (number, entry) in before.enumerated() {
      let start = marks[number].line
      let stop = contentEnd(start, number + 1 < marks.count ? marks[number + 1].line : end)
      last = max(last, stop)
      guard let changed = after.first(where: { $0.key == entry.key }) else {
        guard isFirst(marks[number]) else { throw Unfit() }
        edits.append(.delete(start...stop))
        continue
      }
      guard changed.value != entry.value else { continue }
      let saved = edits
      do {
        try revise(pairs[number].value, entry.value, changed.value, end: stop + 1)
      } catch {
        edits = saved
        try replaceValue(
          of: pairs[number], by: changed, keyLine: start, contentEnd: stop, indent: indent)
      }
    }
    let added = after.filter { entry in !before.contains { $0.key == entry.key } }
    guard !added.isEmpty else { return }
    edits.append(
      .insert(after: last, added.flatMap { YAMLTree.lines(of: $0, indent: indent) }))
  }

  private mutating func reviseSequence(
    _ sequence: Node.Sequence, _ before: [YAMLTree], _ after: [YAMLTree], _ end: Int
  ) throws(Unfit) {
    let nodes = Array(sequence)
    guard nodes.count == before.count else { throw Unfit() }
    var dashes: [(line: Int, column: Int)] = []
    for node in nodes { dashes.append(try dash(before: node)) }
    func content(_ number: Int) -> ClosedRange<Int> {
      let start = dashes[number].line
      let next = number + 1 < dashes.count ? dashes[number + 1].line : end
      return start...contentEnd(start, next)
    }
    func items(_ trees: ArraySlice<YAMLTree>) -> [String] {
      trees.flatMap { $0.itemLines(indent: dashes[0].column) }
    }
    let kept = Self.commonItems(before, after)
    var (old, new) = (0, 0)
    for match in kept + [(before.count, after.count)] {
      // What lies between two kept items: pairs are changed in place as far as they go.
      while old < match.0, new < match.1 {
        let range = content(old)
        let saved = edits
        do {
          try revise(nodes[old], before[old], after[new], end: range.upperBound + 1)
        } catch {
          edits = saved
          edits.append(.delete(range))
          edits.append(.insert(after: range.upperBound, items(after[new...new])))
        }
        (old, new) = (old + 1, new + 1)
      }
      if new < match.1 {
        let line = old > 0 ? content(old - 1).upperBound : dashes[0].line - 1
        edits.append(.insert(after: line, items(after[new..<match.1])))
      }
      for number in old..<max(old, match.0) { edits.append(.delete(content(number))) }
      (old, new) = (match.0 + 1, match.1 + 1)
    }
  }

  /// The items that both lists have in the same order, as many as there can be.
  private static func commonItems(
    _ a: [YAMLTree], _ b: [YAMLTree]
  ) -> [(Int, Int)] {
    let difference = b.difference(from: a)
    var removed = Set<Int>()
    var inserted = Set<Int>()
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    return Array(
      zip(
        a.indices.filter { !removed.contains($0) }, b.indices.filter { !inserted.contains($0) }))
  }

  // MARK: - Places

  private func place(of node: Node) throws(Unfit) -> (line: Int, column: Int) {
    guard let mark = node.mark, lines.indices.contains(mark.line - 1) else { throw Unfit() }
    return (mark.line - 1, mark.column - 1)
  }

  /// Whether a collection is written in brackets; the parser does not tell.
  private func isInBrackets(_ node: Node) -> Bool {
    guard let place = try? place(of: node), place.column < lines[place.line].count else {
      return true
    }
    return ["{", "[", "*", "&", "!"].contains(lines[place.line][place.column])
  }

  /// Whether nothing but space stands before a place in its line.
  private func isFirst(_ place: (line: Int, column: Int)) -> Bool {
    lines[place.line].prefix(place.column).allSatisfy { $0 == " " }
  }

  private func dash(before node: Node) throws(Unfit) -> (line: Int, column: Int) {
    let place = try place(of: node)
    guard let column = lines[place.line].prefix(place.column).lastIndex(where: { $0 != " " }),
      lines[place.line][column] == "-", isFirst((place.line, column))
    else { throw Unfit() }
    return (place.line, column)
  }

  /// The last line before `end` that is neither blank nor a comment.
  private func contentEnd(_ start: Int, _ end: Int) -> Int {
    var line = end - 1
    while line > start {
      let first = lines[line].first { $0 != " " && $0 != "\t" && $0 != "\r" }
      if let first, first != "#" { break }
      line -= 1
    }
    return line
  }

  private mutating func replaceValue(
    of pair: (key: Node, value: Node), by new: YAMLTree.Entry, keyLine: Int, contentEnd: Int,
    indent: Int
  ) throws(Unfit) {
    let place = try place(of: pair.value)
    let written = YAMLTree.lines(of: new, indent: indent)
    let block = Array(written.dropFirst())
    // What stands behind the key.
    let flow =
      block.isEmpty
      ? written[0].firstRange(of: ": ").map { String(written[0][$0.upperBound...]) } : nil
    guard place.line == keyLine else {
      // The value stands under its key.
      guard flow == nil else { throw Unfit() }
      edits.append(.delete(place.line...contentEnd))
      edits.append(.insert(after: contentEnd, block))
      return
    }
    let stop = valueEnd(from: place, contentEnd: contentEnd)
    if let flow {
      edits.append(
        .replace(
          line: place.line, column: place.column, endLine: stop.line, endColumn: stop.column, flow))
    } else {
      edits.append(
        .replace(
          line: place.line, column: place.column, endLine: stop.line, endColumn: stop.column, ""))
      edits.append(.insert(after: stop.line, block))
    }
  }

  /// Where a value ends that begins on its key's line: a scalar before a comment, a collection in
  /// brackets behind the last of them.
  private func valueEnd(
    from place: (line: Int, column: Int), contentEnd: Int
  ) -> (line: Int, column: Int) {
    var (line, column) = place
    var depth = 0
    var quote: Unicode.Scalar?
    while line <= contentEnd {
      while column < lines[line].count {
        let scalar = lines[line][column]
        let isAfterSpace = column == 0 || lines[line][column - 1] == " "
        if let open = quote {
          if scalar == "\\", open == "\"" { column += 1 } else if scalar == open { quote = nil }
        } else if scalar == "#", isAfterSpace {
          if depth == 0, line == place.line { return trimmed(line, column) }
          break
        } else if scalar == "\"" || scalar == "'",
          (line, column) == place
            || depth > 0
              && (isAfterSpace || "[{,:".unicodeScalars.contains(lines[line][column - 1]))
        {
          quote = scalar
        } else if scalar == "[" || scalar == "{" {
          if depth > 0 || (line, column) == place { depth += 1 }
        } else if (scalar == "]" || scalar == "}") && depth > 0 {
          depth -= 1
          if depth == 0 { return (line, column + 1) }
        }
        column += 1
      }
      if line == contentEnd { break }
      line += 1
      column = 0
    }
    return trimmed(contentEnd, lines[contentEnd].count)
  }

  private func trimmed(_ line: Int, _ column: Int) -> (line: Int, column: Int) {
    var column = column
    while column > 0, [" ", "\r", "\t"].contains(lines[line][column - 1]) { column -= 1 }
    return (line, column)
  }

  // MARK: - Writing

  /// The lines with all changes made, from the last to the first.
  private var applied: String {
    var texts = lines.map { line in
      String(String.UnicodeScalarView(line))
    }
    // Lines are put behind a line before the line itself is changed or goes.
    let ordered = edits.enumerated().sorted { a, b in
      let (first, second) = (Self.order(a.element), Self.order(b.element))
      return first == second ? a.offset > b.offset : first > second
    }
    for (_, edit) in ordered {
      switch edit {
      case .insert(let line, let added): texts.insert(contentsOf: added, at: line + 1)
      case .delete(let range): texts.removeSubrange(range)
      case .replace(let line, let column, let endLine, let endColumn, let text):
        let head = String(String.UnicodeScalarView(lines[line].prefix(column)))
        let tail = String(String.UnicodeScalarView(lines[endLine].dropFirst(endColumn)))
        var whole = head + text + tail
        while whole.last == " " { whole.removeLast() }
        texts.replaceSubrange(line...endLine, with: [whole])
      }
    }
    return texts.joined(separator: "\n")
  }

  /// The last line of an edit, with insertions behind it first.
  private static func order(_ edit: Edit) -> Int {
    switch edit {
    case .insert(let line, _): 2 * line + 1
    case .delete(let range): 2 * range.upperBound
    case .replace(_, _, let endLine, _, _): 2 * endLine
    }
  }
}

extension YAMLTree {
  /// This tree, as a user wrote it, with what differs between two others that the program wrote.
  ///
  /// What is the same in both stays as the user wrote it, whatever its spelling.
  public func carrying(changesFrom old: YAMLTree, to new: YAMLTree) -> YAMLTree {
    guard old != new else { return self }
    if let own = entries, let before = old.entries, let after = new.entries {
      var result: [Entry] = []
      for entry in own {
        let (first, second) = (old[entry.key], new[entry.key])
        if let first, let second {
          result.append(
            Entry(
              entry.key, entry.value.carrying(changesFrom: first, to: second), line: entry.line))
        } else if let second {
          result.append(Entry(entry.key, second, line: entry.line))
        } else if first == nil {
          result.append(entry)
        }
      }
      for entry in after where self[entry.key] == nil {
        // What was said already in other words is not said again.
        guard !before.contains(where: { $0.key == entry.key && $0.value == entry.value }) else {
          continue
        }
        result.append(entry)
      }
      return YAMLTree(.mapping(result), line: line)
    }
    if let own = items, let before = old.items, let after = new.items, own.count == before.count {
      return YAMLTree(.sequence(Self.merged(own, before, after)), line: line)
    }
    return new
  }

  private static func merged(
    _ own: [YAMLTree], _ before: [YAMLTree], _ after: [YAMLTree]
  ) -> [YAMLTree] {
    let difference = after.difference(from: before)
    var removed = Set<Int>()
    var inserted = Set<Int>()
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var result: [YAMLTree] = []
    var place = 0
    for number in after.indices {
      if inserted.contains(number) {
        // The item that it took the place of, where there is one.
        if place < before.count, removed.contains(place) {
          result.append(own[place].carrying(changesFrom: before[place], to: after[number]))
          place += 1
        } else {
          result.append(after[number])
        }
      } else {
        while place < before.count, removed.contains(place) { place += 1 }
        result.append(own[place])
        place += 1
      }
    }
    return result
  }
}
