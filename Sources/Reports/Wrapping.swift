/// Where lines may break: between words, but not between a number and what belongs to it.
enum Wrapping {
  /// Words that name the number after them.
  private static let names: Set<Substring> = [
    "seed", "seeds", "step", "steps", "batch", "layer", "element", "line", "row", "class", "of",
    "by",
    "factor",
  ]
  /// Signs that stand between two numbers, or ahead of one.
  private static let signs: Set<Substring> = [
    "±", "×", "·", "=", "<", ">", "≤", "≥", "−", "+", "–",
  ]

  /// The words of a text, those that belong together as one.
  static func chunks(of text: String) -> [String] {
    var chunks: [String] = []
    var last: Substring?
    for word in text.split(separator: " ") {
      if let before = last, let open = chunks.last, belong(before, word), open.count < 24 {
        chunks[chunks.count - 1] = open + " " + word
      } else {
        chunks.append(String(word))
      }
      last = word
    }
    return chunks
  }

  private static func belong(_ a: Substring, _ b: Substring) -> Bool {
    // The index of an element, or a shape.
    if a.hasSuffix(","), a.contains("["), !a.contains("]"),
      isNumber(a.dropLast().drop { $0 == "[" })
    {
      return true
    }
    let end = b.lastIndex { !",.;:)%".contains($0) }
    let isNumberNext = end.map { isNumber(b[...$0]) } ?? false
    if signs.contains(a) || signs.contains(b) { return isNumber(a) || isNumberNext }
    return isNumber(a) || (names.contains(a) && isNumberNext)
  }

  /// A number that no punctuation ends, so that the next word may be its unit.
  private static func isNumber(_ word: Substring) -> Bool {
    guard let first = word.drop(while: { "([-−~<".contains($0) }).first, first.isNumber,
      let last = word.last
    else { return false }
    return last.isNumber
  }

  /// A word in parts of at most `room` characters that may stand on lines of their own.
  static func parts(of word: String, room: Int) -> [String] {
    let room = max(8, room)
    guard word.count > room else { return [word] }
    var parts: [String] = []
    var part = ""
    for character in word {
      if part.count == room {
        // The last place that is good to break at, or none.
        let end = part.lastIndex { "/._- ,:×".contains($0) }
        let kept = end.map { part[...$0] } ?? part[...]
        let rest = part[kept.endIndex...]
        parts.append(String(kept))
        part = String(rest)
      }
      part.append(character)
    }
    return parts + [part]
  }
}
