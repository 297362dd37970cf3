/// Why one element of a result is NaN or infinite.
public enum Cause: Hashable, Sendable {
  /// An operand was not finite already: its number, and the index of the element.
  case passedOn(operand: Int, element: Int)
  /// All operands were finite: the failure was produced here.
  case produced(Reason, explanation: String)

  public enum Reason: String, Hashable, Sendable {
    case overflowOfSum = "overflow_of_sum"
    case overflowOfProduct = "overflow_of_product"
    case overflowOfExponential = "overflow_of_exponential"
    case overflowOfCast = "overflow_of_cast"
    case zeroTimesInfinity = "zero_times_infinity"
    case infinityMinusInfinity = "infinity_minus_infinity"
    case zeroOverZero = "zero_over_zero"
    case divisionByZero = "division_by_zero"
    case infinityOverInfinity = "infinity_over_infinity"
    case logarithmOfZero = "logarithm_of_zero"
    case logarithmOfNegative = "logarithm_of_negative"
    case squareRootOfNegative = "square_root_of_negative"
    case powerOutsideDomain = "power_outside_domain"
    case outsideDomain = "outside_domain"
    case vanishedNorm = "vanished_norm"
    case labelOutOfRange = "label_out_of_range"
    case indexOutOfRange = "index_out_of_range"

    /// The reason as words.
    public var phrase: String { rawValue.split(separator: "_").joined(separator: " ") }

    /// Whether a number was beyond the end of a format.
    public var isOverflow: Bool {
      switch self {
      case .overflowOfSum, .overflowOfProduct, .overflowOfExponential, .overflowOfCast: true
      default: false
      }
    }
  }
}

extension Cause {
  /// The first non-finite element among `operands`, as the thing passed on; nil if all are finite.
  public static func firstNonFinite(
    in operands: [(number: Int, elements: [(index: Int, value: Double)])]
  ) -> Cause? {
    for operand in operands {
      for element in operand.elements where !element.value.isFinite {
        return .passedOn(operand: operand.number, element: element.index)
      }
    }
    return nil
  }
}
