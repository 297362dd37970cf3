/// What the text of a cell says of a number.
enum DecimalNumber {
  case number(Double)
  /// NaN or an infinity, by its name.
  case nonFinite(Double)
  case empty
  case other

  /// Reads a decimal number, such as `-1.5e3`, correctly rounded to double precision.
  ///
  /// Up to 19 digits whose integer and power of ten are both exact doubles take one multiplication
  /// or division, which rounds once (Clinger, "How to read floating point numbers accurately",
  /// 1990); others go to the library.
  init(_ text: [UInt8], in range: Range<Int>) {
    let end = range.upperBound
    var place = range.lowerBound
    guard place < end else {
      self = .empty
      return
    }
    let first = text[place]
    let isNegative = first == UInt8(ascii: "-")
    if isNegative || first == UInt8(ascii: "+") { place += 1 }
    let start = place
    var significand: UInt64 = 0
    var digits = 0
    var exponent = 0
    var isExact = true
    // At most nine for a digit.
    func digit(_ place: Int) -> UInt8 { place < end ? text[place] &- 0x30 : .max }
    func take(_ digit: UInt8) {
      digits += 1
      // Leading zeros count for nothing; 19 digits fit in 64 bits.
      if significand < 1_000_000_000_000_000_000 {
        significand = significand &* 10 &+ UInt64(digit)
      } else {
        isExact = false
      }
    }
    while digit(place) < 10 {
      take(digit(place))
      place += 1
    }
    if place < end, text[place] == UInt8(ascii: ".") {
      place += 1
      while digit(place) < 10 {
        take(digit(place))
        exponent -= 1
        place += 1
      }
    }
    guard digits > 0 else {
      self = Self.named(text[start..<end], isNegative: isNegative)
      return
    }
    if place < end, text[place] | 0x20 == UInt8(ascii: "e") {
      place += 1
      var power = 0
      let isBelow = place < end && text[place] == UInt8(ascii: "-")
      if isBelow || (place < end && text[place] == UInt8(ascii: "+")) { place += 1 }
      guard digit(place) < 10 else {
        self = .other
        return
      }
      while digit(place) < 10 {
        // Beyond this every number is 0 or infinite, or the library decides.
        if power < 100_000 { power = power * 10 + Int(digit(place)) }
        place += 1
      }
      exponent += isBelow ? -power : power
    }
    guard place == end else {
      self = .other
      return
    }
    if isExact, significand <= 1 << 53, (-22...22).contains(exponent) {
      let magnitude =
        exponent < 0
        ? Double(significand) / Self.powers[-exponent] : Double(significand) * Self.powers[exponent]
      self = .number(isNegative ? -magnitude : magnitude)
    } else {
      self = Double(String(decoding: text[range], as: UTF8.self)).map(Self.number) ?? .other
    }
  }

  /// 10^0 to 10^22, the powers of ten that are doubles.
  private static let powers: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }

  private static func named(_ text: ArraySlice<UInt8>, isNegative: Bool) -> DecimalNumber {
    guard text.count <= 8 else { return .other }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "nan": return .nonFinite(.nan)
    case "inf", "infinity": return .nonFinite(isNegative ? -.infinity : .infinity)
    default: return .other
    }
  }
}
