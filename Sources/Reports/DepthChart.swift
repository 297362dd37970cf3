import Findings
import RealModule

/// A chart of log10 second moment against depth, drawn with characters.
///
/// `a` and `g` are measured activations and gradients, `·` what was predicted, `-` the limits of
/// the healthy band and `=` those of the number format.
struct DepthChart {
  /// One line: a letter, and per layer a predicted and a measured second moment.
  struct Series {
    let mark: Character
    let ink: Style.Ink
    let points: [(predicted: Double?, measured: Double?)]
  }

  /// A horizontal line at a second moment.
  struct Level {
    let secondMoment: Double
    let mark: Character
    let label: String
  }

  let series: [Series]
  let levels: [Level]
  let style: Style
  var height = 13

  private struct Cell {
    var mark: Character = " "
    var ink: Style.Ink?
  }

  /// The chart as lines, or nothing when no value is finite and positive.
  var text: String {
    let labelWidth = 7
    let columns = style.measure - labelWidth - 2
    let logs = series.flatMap(\.points).flatMap { [$0.predicted, $0.measured] }
      .compactMap { $0.flatMap(Self.log) }
    guard var low = logs.min(), var high = logs.max() else { return "" }
    // Limits near the data are part of the picture; far ones would flatten it.
    for level in levels.compactMap({ Self.log($0.secondMoment) }) {
      let reach = max(8, 0.5 * (high - low))
      if level < low, low - level <= reach { low = level }
      if level > high, level - high <= reach { high = level }
    }
    low = (low - 0.5).rounded(.down)
    high = (high + 0.5).rounded(.up)

    var cells = [[Cell]](repeating: .init(repeating: Cell(), count: columns), count: height)
    func row(_ log: Double) -> Int {
      let position = (high - log) / (high - low) * Double(height - 1)
      return min(height - 1, max(0, Int(position.rounded())))
    }
    var notes = [Int: String]()
    for level in levels {
      guard let log = Self.log(level.secondMoment), log >= low, log <= high else { continue }
      for x in 0..<columns { cells[row(log)][x] = Cell(mark: level.mark, ink: .grey) }
      notes[row(log)] = level.label
    }
    let depth = series.map(\.points.count).max() ?? 0
    func column(_ layer: Int) -> Int {
      depth <= 1 ? 0 : (layer * (columns - 1) + (depth - 1) / 2) / (depth - 1)
    }
    for one in series {
      for (layer, point) in one.points.enumerated() {
        guard let log = point.predicted.flatMap(Self.log) else { continue }
        cells[row(log)][column(layer)] = Cell(mark: "·", ink: one.ink)
      }
    }
    for one in series {
      for (layer, point) in one.points.enumerated() {
        guard let log = point.measured.flatMap(Self.log) else { continue }
        let old = cells[row(log)][column(layer)]
        let meets = series.contains { $0.mark != one.mark && $0.mark == old.mark }
        cells[row(log)][column(layer)] = Cell(mark: meets ? "*" : one.mark, ink: one.ink)
      }
    }

    // A limit's name stands where its line is free, as far right as it can.
    let marks = Set(levels.map(\.mark) + [" "])
    for (y, note) in notes where note.count + 1 < columns {
      let free = cells[y].map { marks.contains($0.mark) }
      let ends = stride(from: columns - 1, through: note.count, by: -1)
      guard let end = ends.first(where: { free[($0 - note.count)..<$0].allSatisfy { $0 } }) else {
        continue
      }
      for (i, character) in note.enumerated() { cells[y][end - note.count + i].mark = character }
    }

    var lines: [String] = []
    let every = height > 7 ? 3 : 2
    for y in 0..<height {
      let log = high - (high - low) * Double(y) / Double(height - 1)
      let label = y % every == 0 ? "\(Int(log.rounded()))" : ""
      lines.append(label.fitted(labelWidth - 1, right: true) + " |" + painted(cells[y]))
    }
    let first = "1"
    let last = "\(depth)"
    let gap = String(repeating: " ", count: max(1, columns - first.count - last.count))
    lines.append(
      String(repeating: " ", count: labelWidth) + "+" + String(repeating: "-", count: columns))
    lines.append(String(repeating: " ", count: labelWidth + 1) + first + gap + last)
    return lines.joined(separator: "\n")
  }

  private func painted(_ cells: [Cell]) -> String {
    var out = ""
    for cell in cells {
      let text = String(cell.mark)
      out += cell.ink.map { style.paint(text, $0) } ?? text
    }
    while out.last == " " { out.removeLast() }
    return out
  }

  private static func log(_ secondMoment: Double) -> Double? {
    secondMoment > 0 && secondMoment.isFinite ? Double.log10(secondMoment) : nil
  }
}
