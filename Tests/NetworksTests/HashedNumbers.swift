import Tensors

/// Numbers that belong to a name, the same on every machine and in every language.
///
/// The 64-bit FNV-1a hash of the name starts a splitmix64 generator, whose i-th number is computed
/// by itself (Fowler, Noll and Vo; Steele, Lea and Flood 2014).
struct HashedNumbers {
  private let start: UInt64

  init(_ name: String) {
    start = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  subscript(index: Int) -> UInt64 {
    var z = start &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 1 or −1.
  func sign(at index: Int) -> Double { self[index] >> 63 == 0 ? 1 : -1 }

  /// Fills a tensor of doubles with uniform numbers around `mean`, exact but for one rounding each
  /// of a product and a sum.
  func fill(_ tensor: Tensor, mean: Double, bound: Double) {
    let elements = tensor.elements(as: Double.self)
    for i in elements.indices {
      let product = bound * (2 * (Double(self[i] >> 11) * 0x1p-53) - 1)
      elements[i] = mean + product
    }
  }
}
