/// How many independent elements make as much noise in a mean square as those of one sample do.
///
/// A sample has `units` elements at each of `positions` places. Units are drawn independently;
/// positions see the same weights, and share of one element's noise what their correlation says.
struct FreeElements {
  let units: Double
  let positions: Double

  init(units: Int, positions: Int) {
    self.units = Double(max(1, units))
    self.positions = Double(max(1, positions))
  }

  /// The number where two positions share `share` of an element's noise.
  ///
  /// Positions that have nothing in common still correlate by chance, E[cos²] = 1/units.
  func count(share: Double) -> Double {
    let bounded = share.isFinite ? min(max(share, 0), 1) : 1
    let pairs = bounded + (1 - bounded) / units
    return units * positions / (1 + (positions - 1) * pairs)
  }
}
