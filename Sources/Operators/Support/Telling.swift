import Findings

extension Double {
  /// The number as explanations tell it.
  var told: String { Numerals.precise(self) }
}
