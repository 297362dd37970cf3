/// Sections of a screen that give way, one after the other, until all of it fits the terminal.
struct Screenful {
  /// A part of a screen, in several forms.
  struct Section {
    /// The fullest first; an empty form leaves the section out.
    let forms: [String]
    /// How often it is shortened before others are: once for each number, the least first.
    let order: [Int]
  }

  private var sections: [Section] = []

  /// Adds a section below the others; `order` says when each of its shorter forms takes the place of
  /// the one before.
  mutating func add(_ forms: [String], giving order: [Int] = []) {
    precondition(order.count == forms.count - 1)
    sections.append(Section(forms: forms, order: order))
  }

  /// The sections with a line between them, and whether any was shortened.
  ///
  /// `lines` is how many there is room for; nil for any number.
  func fitting(_ lines: Int?) -> (text: String, isShort: Bool) {
    var shown = sections.map { _ in 0 }
    func text() -> String {
      zip(sections, shown).map { $0.forms[$1] }.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
    guard let lines else { return (text(), false) }
    let steps = sections.enumerated().flatMap { place, section in
      section.order.map { (place, $0) }
    }.sorted { $0.1 < $1.1 }
    for (place, _) in steps where text().lineCount > lines { shown[place] += 1 }
    // What gave way in vain, since something longer had to give way after it, comes back.
    for (place, _) in steps.reversed() where shown[place] > 0 {
      shown[place] -= 1
      if text().lineCount > lines { shown[place] += 1 }
    }
    return (text(), shown.contains { $0 > 0 })
  }
}
