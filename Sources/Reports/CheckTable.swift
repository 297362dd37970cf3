import Findings

/// The layers of a check as rows: what was predicted and what was measured of each.
struct CheckTable {
  let layers: [CheckReport.Layer]
  /// Names of layers that findings speak of, which are shown before others.
  let named: Set<String>
  let style: Style

  /// Columns of a number with its mark.
  private static let numberWidth = 11
  /// Columns that the operators of a layer take at most.
  private static let mostOperators = 40

  /// All rows, or a selection of about 30 with what is left out between them.
  func text(showsAll: Bool) -> String {
    let chosen = showsAll || layers.count <= 30 ? Array(layers.indices) : selection
    var rows: [Row] = []
    var previous = -1
    for i in chosen {
      if i > previous + 1 { rows.append(.gap(i - previous - 1)) }
      rows.append(.layer(i))
      previous = i
    }
    return text(rows, chosen.count)
  }

  /// At most `count` layers and nothing between them.
  func text(atMost count: Int) -> String {
    guard layers.count > count else { return text(showsAll: true) }
    var chosen = Set([0, layers.count - 1])
    for (i, layer) in layers.enumerated() where named.contains(layer.name) {
      if chosen.count < count { chosen.insert(i) }
    }
    for k in 1..<count where chosen.count < count {
      chosen.insert(k * (layers.count - 1) / (count - 1))
    }
    return text(chosen.sorted().map { .layer($0) }, chosen.count)
  }

  private enum Row {
    case layer(Int)
    case gap(Int)
  }

  /// At most 26 layers: the ends, those that findings name, and even steps between.
  private var selection: [Int] {
    let count = layers.count
    var chosen = Set(0..<5).union((count - 5)..<count)
    for (i, layer) in layers.enumerated() where named.contains(layer.name) {
      if chosen.count < 14 { chosen.insert(i) }
    }
    for k in 1..<8 { chosen.insert(k * (count - 1) / 8) }
    return chosen.sorted()
  }

  // MARK: Columns

  /// What a terminal has room for: names, operators, and predictions beside measurements.
  private struct Columns {
    let name: Int
    let operators: Int
    let hasPredictions: Bool

    init(_ layers: [CheckReport.Layer], width: Int) {
      hasPredictions = width >= 55
      let room = width - (hasPredictions ? 4 : 2) * CheckTable.numberWidth
      let longest = max(5, layers.map(\.name.count).max() ?? 0)
      let words = max(9, layers.map { CheckTable.operators(of: $0).count }.max() ?? 0)
      // Names come first, and operators take what they leave, if that is a word or two.
      let left = room - min(longest, max(16, room - 13)) - 1
      operators = left >= 12 ? min(words, left, CheckTable.mostOperators) : 0
      name = min(longest, room - (operators > 0 ? operators + 1 : 0))
    }
  }

  private static func operators(of layer: CheckReport.Layer) -> String {
    layer.operators.joined(separator: " ")
  }

  private func text(_ rows: [Row], _ shown: Int) -> String {
    let columns = Columns(layers, width: style.width)
    let names = layers.map(\.name).fitted(columns.name)
    let pair = Self.numberWidth * (columns.hasPredictions ? 2 : 1)
    let margin = columns.name + (columns.operators > 0 ? columns.operators + 1 : 0)
    var titles = "layer".fitted(columns.name)
    if columns.operators > 0 { titles += " " + "operators".fitted(columns.operators) }
    func title(_ text: String, _ width: Int) -> String { text.fitted(width - 1, right: true) + " " }
    var lines: [String]
    if columns.hasPredictions {
      let words = ["predicted", "measured"].map { title($0, Self.numberWidth) }.joined()
      lines = [
        "".fitted(margin) + title("activation E[h²]", pair) + title("gradient E[g²]", pair),
        titles + words + words,
      ]
    } else {
      lines = [titles + title("E[h²]", pair) + title("E[g²]", pair)]
    }
    for row in rows {
      switch row {
      case .gap(let count): lines.append("  … \(count) more \(count == 1 ? "layer" : "layers")")
      case .layer(let i): lines.append(line(layers[i], names[i], columns))
      }
    }
    let legend = legend(
      of: rows.compactMap { if case .layer(let i) = $0 { layers[i] } else { nil } })
    let count =
      shown < layers.count
      ? ["\(shown) of \(Numerals.count(layers.count)) layers; --all shows all"] : []
    let notes = (legend + count).joined(separator: "; ")
    if !notes.isEmpty { lines.append(style.wrapped("(\(notes))", indentation: " ")) }
    return lines.map(trimmed).joined(separator: "\n")
  }

  private func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }

  private func line(
    _ layer: CheckReport.Layer, _ name: String, _ columns: Columns
  ) -> String {
    func cells(_ quantity: CheckReport.Quantity) -> String {
      let measured = quantity.measured.map { Numerals.cell($0.secondMoment) } ?? "-"
      let mark = quantity.isOutside ? "!" : " "
      let right = measured.fitted(Self.numberWidth - 1, right: true) + mark
      guard columns.hasPredictions else { return right }
      let predicted = quantity.predicted.map { predicted in
        (predicted.basis == "first_order" ? "~" : "") + Numerals.cell(predicted.secondMoment)
      }
      return (predicted ?? "?").fitted(Self.numberWidth - 1, right: true) + " " + right
    }
    var text = name
    if columns.operators > 0 {
      text += " " + Self.operators(of: layer).fitted(columns.operators)
    }
    return text + cells(layer.activation) + cells(layer.gradient)
  }

  /// What the marks say that stand in these rows.
  private func legend(of layers: [CheckReport.Layer]) -> [String] {
    let shown = layers.flatMap { [$0.activation, $0.gradient] }
    var notes: [String] = []
    if shown.contains(where: \.isOutside) { notes.append("! outside the 95 % band") }
    guard Columns(self.layers, width: style.width).hasPredictions else { return notes }
    if shown.contains(where: { $0.predicted?.basis == "first_order" }) {
      notes.append("~ first-order approximation")
    }
    if shown.contains(where: { $0.predicted == nil }) { notes.append("? no prediction") }
    return notes
  }
}

extension CheckReport.Quantity {
  /// Whether what was measured lies outside the band of what was predicted.
  ///
  /// A normalised value has a band without width, which rounding and epsilon leave.
  var isOutside: Bool {
    guard let measured, let predicted else { return false }
    return measured.secondMoment < 0.999 * predicted.low
      || measured.secondMoment > 1.001 * predicted.high
  }
}
