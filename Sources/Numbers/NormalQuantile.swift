import CKernels

/// Φ⁻¹(p): the number below which a standard normal number lies with probability `p`.
///
/// Wichura's algorithm AS 241 (Applied Statistics 37, 1988), relative error about 1e-16; −∞ at 0,
/// +∞ at 1, NaN outside. Close to 1 ask for the quantile of the complement and change its sign.
public func normalQuantile(_ p: Double) -> Double {
  guard p > 0 && p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
  return ek_normal_quantile(p - 0.5, min(p, 1 - p))
}
