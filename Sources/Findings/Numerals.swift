import RealModule

/// Numbers as people read them in tables.
public enum Numerals {
  /// Three significant digits, or fewer that say all of it: `0.394`, `0.1`, `12`, `1.23e-63`, `nan`.
  ///
  /// Thousands are marked, and whole numbers below a million are whole: `65,504`, `5,810`.
  public static func short(_ value: Double) -> String {
    let text = cell(value)
    guard value.isFinite, value != 0, text.contains(".") else { return text }
    let parts = text.split(separator: "e", maxSplits: 1)
    let brief = trimmed(String(parts[0])) + (parts.count > 1 ? "e" + parts[1] : "")
    // What single precision makes of a setting is still that setting.
    guard let read = Double(brief), abs(read - value) <= 1e-7 * abs(value) else { return text }
    return brief
  }

  /// Three significant digits in any case, for columns: `0.394`, `0.100`, `12.0`, `1.00e-6`.
  public static func cell(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    if value == 0 { return "0" }
    let sign = value < 0 ? "-" : ""
    let (digits, exponent) = decimal(abs(value), digits: 3)
    switch exponent {
    case 3...5:
      let isWhole = abs(value) == abs(value).rounded()
      let rounded = (3..<exponent).reduce(10 * digits) { whole, _ in 10 * whole }
      return sign + count(isWhole ? Int(abs(value)) : rounded)
    case -3...2:
      return sign + fixed(digits, exponent: exponent)
    default:
      let text = String(digits)
      return "\(sign)\(text.prefix(1)).\(text.dropFirst())e\(exponent)"
    }
  }

  /// Up to ten significant digits, without trailing zeros: `1.592537421`, `0.25`, `1.177807e-7`.
  public static func precise(_ value: Double) -> String {
    if value.isNaN || value.isInfinite || value == 0 { return short(value) }
    let sign = value < 0 ? "-" : ""
    let (digits, exponent) = decimal(abs(value), digits: 10)
    if (-4...9).contains(exponent) { return sign + trimmed(fixed(digits, exponent: exponent)) }
    let text = String(digits)
    return sign + trimmed("\(text.prefix(1)).\(text.dropFirst())") + "e\(exponent)"
  }

  /// A decimal fraction without the zeros at its end.
  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text[...]
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return String(text)
  }

  /// A power of ten with its sign: `1e-63`; the mantissa is dropped.
  public static func magnitude(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return short(value) }
    return "1e\(Int(Double.log10(abs(value)).rounded()))"
  }

  /// A power of ten by its exponent: `1.17`, `8e-15`, `10^412` where that is beyond fp64.
  public static func power(_ exponent: Double) -> String {
    let value = Double.pow(10, exponent)
    return value > 0 && value.isFinite ? short(value) : "10^\(short(exponent))"
  }

  /// A share as a percentage: `100 %`, `3.2 %`, `0 %`, `<0.1 %`.
  public static func percent(_ share: Double) -> String {
    if share == 0 { return "0 %" }
    if share > 0, share < 0.001 { return "<0.1 %" }
    if share >= 0.0995 { return "\(Int((100 * share).rounded())) %" }
    return trimmed("\((1000 * share).rounded() / 10)") + " %"
  }

  /// A count with thousands marked: `1,234,567`.
  public static func count(_ value: Int) -> String {
    let digits = String(value)
    var out = ""
    for (i, digit) in digits.enumerated() {
      if i > 0, (digits.count - i) % 3 == 0 { out += "," }
      out.append(digit)
    }
    return out
  }

  /// Bytes in the unit that keeps three digits: `12.3 MB`.
  public static func bytes(_ value: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var scaled = Double(value)
    var unit = 0
    while scaled >= 1000, unit + 1 < units.count {
      scaled /= 1000
      unit += 1
    }
    return (unit == 0 ? String(value) : short(scaled)) + " " + units[unit]
  }

  /// The first `digits` significant digits as an integer, and the decimal exponent.
  private static func decimal(_ value: Double, digits: Int) -> (Int, Int) {
    // The standard library's text is the shortest that reads back, so it is rounded by hand.
    let text = "\(value)"
    let parts = text.split(separator: "e")
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let point = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var figures = Array(point.joined()).compactMap(\.wholeNumberValue)
    exponent += point[0].count - 1
    while figures.count > 1, figures[0] == 0 {
      figures.removeFirst()
      exponent -= 1
    }
    let roundsUp = figures.count > digits && figures[digits] >= 5
    var number = 0
    for i in 0..<digits { number = 10 * number + (i < figures.count ? figures[i] : 0) }
    if roundsUp { number += 1 }
    if String(number).count > digits {
      number /= 10
      exponent += 1
    }
    return (number, exponent)
  }

  private static func fixed(_ digits: Int, exponent: Int) -> String {
    var text = String(digits)
    if exponent < 0 { text = String(repeating: "0", count: -exponent) + text }
    let point = max(exponent, 0) + 1
    let fraction = text.dropFirst(point)
    return fraction.isEmpty ? String(text.prefix(point)) : "\(text.prefix(point)).\(fraction)"
  }
}
