import Numbers

/// What whoever wrote a number into a file in single precision meant by it.
///
/// Exporters keep `0.1`, `1 / math.sqrt(8)` or `2 * math.pi` of a program in single precision,
/// where the program computes with doubles as soon as its model does. A model that is executed in
/// doubles is wanted with the numbers of the program: they differ by up to 6e-8 of themselves, which
/// would hide what rounding does. In single precision both are the same number.
enum MeantNumber {
  /// A number that rounds to `single` and that a program is likely to have: a decimal of at most six
  /// digits, a fraction or a multiple of π or ln 10 with small terms, the square or fourth root of an
  /// integer or its reciprocal, or a constant of mathematics; else the single itself.
  static func double(_ single: Float) -> Double {
    let exact = Double(single)
    guard single.isFinite, single != 0 else { return exact }
    let size = abs(exact)
    let found =
      decimal(Float(size)) ?? fraction(of: size, unit: 1, terms: 64)
      ?? fraction(of: size, unit: .pi, terms: 16)
      ?? fraction(of: size, unit: 2.302585092994046, terms: 16) ?? root(size)
      ?? constants.first { Float($0) == Float(size) }
    return found.map { exact < 0 ? -$0 : $0 } ?? exact
  }

  /// The end of `format` for the end of fp32 or bf16, which a narrower format does not have; any other
  /// number as it is.
  static func end(_ number: Double, in format: NumberFormat) -> Double {
    let ends = [Double(Float.greatestFiniteMagnitude), NumberFormat.bf16.greatest]
    guard abs(number) > format.greatest, ends.contains(where: { Float($0) == Float(abs(number)) })
    else { return number }
    return number < 0 ? -format.greatest : format.greatest
  }

  private static func decimal(_ single: Float) -> Double? {
    let text = "\(single)"
    let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    let significant = digits.reversed().drop { $0 == "0" }
    return significant.count <= 6 ? Double(text) : nil
  }

  /// A fraction of a unit with terms up to a limit, up to powers of two.
  private static func fraction(of size: Double, unit: Double, terms: Int) -> Double? {
    let power = Double(sign: .plus, exponent: (size / unit).exponent, significand: 1)
    for denominator in 1...terms {
      let numerator = (size / unit / power * Double(denominator)).rounded()
      let candidate = numerator * unit / Double(denominator) * power
      if Float(candidate) == Float(size) { return candidate }
    }
    return nil
  }

  /// A square root of an integer, by which attention is scaled and weights are drawn, or the root of
  /// one, by which queries and keys are scaled each; or the reciprocal.
  private static func root(_ size: Double) -> Double? {
    for (halvings, limit) in [(1, 65536.0), (2, 4096)] {
      for isReciprocal in [false, true] {
        var power = isReciprocal ? 1 / size : size
        for _ in 0..<halvings { power *= power }
        guard power <= limit + 1 else { continue }
        var root = power.rounded()
        for _ in 0..<halvings { root = root.squareRoot() }
        let candidate = isReciprocal ? 1 / root : root
        if candidate.isFinite, Float(candidate) == Float(size) { return candidate }
      }
    }
    return nil
  }

  /// e, logarithms, and what the normal distribution and its approximations need.
  private static let constants: [Double] = [
    2.718281828459045, 0.6931471805599453, 2.302585092994046, 1.4426950408889634,
    0.4342944819032518, 0.3010299956639812, 0.9189385332046727, 1.8378770664093453,
    0.3989422804014327, 2.5066282746310002, 0.7978845608028654, 1.772453850905516,
    0.5641895835477563, 1.1283791670955126, 0.5772156649015329,
  ]
}
